/**
 * What several tests begin with.
 *
 * @module
 */
import type { CongestionFactory } from "../../lib/tcp/congestion.ts";
import type { Conversation } from "./script.ts";

/** Writes `count` segments of 1000 bytes, one at a time, and takes them from the stack. */
export function sendThousands(talk: Conversation, count: number, first = 1): void {
  for (let at = first; at < first + 1000 * count; at += 1000) {
    talk.write(1000);
    talk.play(`> P. ${at}:${at + 1000}(1000) ack 1`);
  }
}

/** A congestion control that allows `window` bytes, whatever happens. */
export function pinnedWindow(window: number): CongestionFactory {
  return () => ({
    name: "pinned",
    get window() {
      return window;
    },
    set window(_) {
      // it stays
    },
    slowStartThreshold: window,
    acknowledged() {},
    reduce() {},
    undo() {},
    resize() {},
  });
}
