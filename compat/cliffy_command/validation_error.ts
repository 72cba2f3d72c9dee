/**
 * What a wrong command line yields.
 *
 * @module
 */

/** The user called the command wrongly: an unknown option, a missing value. */
export class ValidationError extends Error {
  /** What the process should exit with. */
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, options);
    this.name = "ValidationError";
    this.exitCode = options.exitCode ?? 2;
  }
}
