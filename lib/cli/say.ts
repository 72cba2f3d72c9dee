/**
 * What headgate says while a command runs.
 *
 * @module
 */

/** Says something to the user, apart from what the command says. */
export function say(line: string): void {
  // deno-lint-ignore no-console -- standard error is where headgate speaks
  console.error(`headgate: ${line}`);
}
