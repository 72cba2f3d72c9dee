/**
 * How a script can end other than well.
 *
 * @module
 */

/** What the stack did is not what the script says. */
export class Mismatch extends Error {
  /** "Mismatch" */
  override readonly name = "Mismatch";
}

/** The script asks for something that the runner or the stack does not serve. */
export class Unsupported extends Error {
  /** "Unsupported" */
  override readonly name = "Unsupported";
}
