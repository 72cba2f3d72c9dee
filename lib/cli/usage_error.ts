/**
 * What a wrong command line yields.
 *
 * @module
 */

/** The user asked for something that cannot be: one line that says what, why, and what to do. */
export class UsageError extends Error {
  /**
   * @param what The word or option that is wrong, as the user wrote it.
   * @param why What is the case.
   * @param remedy What to do instead.
   */
  constructor(what: string, why: string, remedy: string) {
    super(`${what}: ${why}; ${remedy}`);
    this.name = "UsageError";
  }
}
