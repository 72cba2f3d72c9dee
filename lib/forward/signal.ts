/**
 * One waits, another tells.
 *
 * @module
 */

/** Something to wait for; being told while nobody waits is remembered once. */
export class Signal {
  #told = false;
  #resolve: (() => void) | undefined;

  /** Resolves when {@linkcode tell} is called, or at once if it has been. One may wait at a time. */
  wait(): Promise<void> {
    if (this.#told) {
      this.#told = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#resolve = resolve);
  }

  /** Lets who waits go on. */
  tell(): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    if (resolve) resolve();
    else this.#told = true;
  }
}
