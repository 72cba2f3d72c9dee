/**
 * Tests that are conversations.
 *
 * @module
 */
import { SWAPPED_WRAPS, WRAPS } from "./numbering.ts";
import { Conversation, type ConversationOptions } from "./script.ts";

/** Begins a conversation with the sequence numbers that are being tested. */
export type Open = (options?: Omit<ConversationOptions, "origins">) => Conversation;

/**
 * Registers a test, which runs twice: first the peer's sequence numbers cross
 * 2^32 and the stack's 2^31, then the other way round. A conversation must end
 * with nothing left unsaid.
 */
export function talkTest(name: string, run: (open: Open) => void): void {
  Deno.test(name, () => {
    for (const origins of [WRAPS, SWAPPED_WRAPS]) {
      const opened: Conversation[] = [];
      run((options = {}) => {
        const talk = new Conversation({ ...options, origins });
        opened.push(talk);
        return talk;
      });
      for (const talk of opened) talk.end();
    }
  });
}
