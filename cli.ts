/**
 * The command `headgate`. Everything it does is in `lib/cli/`; here is only the exit code.
 *
 * ```sh
 * deno run -A jsr:@headgate/headgate/cli run -- curl https://example.com
 * ```
 *
 * @module
 */
import { main } from "./lib/cli/main.ts";

Deno.exitCode = await main(Deno.args);
