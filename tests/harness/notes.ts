/**
 * An observer of flows that remembers what it is told, in words.
 *
 * @module
 */
import type { FlowObserver } from "../../lib/forward/observer.ts";

/** Notes what becomes of flows, a line each. */
export class Notes implements FlowObserver {
  /** What has been noted and not been taken by {@linkcode next}. */
  readonly lines: string[] = [];
  #tell: () => void = () => {};

  opened(): void {
    this.#note("opened");
  }

  refused(_: unknown, how: string, reason: string): void {
    this.#note(`${how}: ${reason}`);
  }

  closed(_: unknown, end: string, up: number, down: number): void {
    this.#note(`${end}, ${up} up, ${down} down`);
  }

  /** The next line, as soon as there is one. */
  async next(): Promise<string> {
    while (this.lines.length === 0) await new Promise<void>((resolve) => this.#tell = resolve);
    return this.lines.shift() ?? "";
  }

  #note(line: string): void {
    this.lines.push(line);
    this.#tell();
  }
}
