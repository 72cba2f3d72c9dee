/**
 * Parts of memory, from a place to its end, for calls that take a length of their own.
 *
 * A view costs more to make and to collect than most of what is done with it, and
 * packets begin at few different places: so each view is made once.
 *
 * @module
 */

/** Places up to this one are remembered: headers are no longer. */
const MOST_PLACES = 512;

/** Views of one memory at a time; see the module's description. */
export class Views {
  #memory: Uint8Array<ArrayBuffer> | undefined;
  readonly #views: (Uint8Array<ArrayBuffer> | undefined)[] = [];

  /** `memory` from `at` on. */
  from(memory: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
    if (at === 0) return memory;
    if (at >= MOST_PLACES) return memory.subarray(at);
    if (memory !== this.#memory) {
      this.#memory = memory;
      this.#views.length = 0;
    }
    return this.#views[at] ??= memory.subarray(at);
  }
}
