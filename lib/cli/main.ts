/**
 * The command line: words -> exit code.
 *
 * @module
 */
import { Command, ValidationError } from "@cliffy/command";
import manifest from "../../deno.json" with { type: "json" };
import { createDoctorCommand } from "./doctor_command.ts";
import { type Effects, systemEffects } from "./effects.ts";
import { markCommand } from "./mark_command.ts";
import { createRunCommand } from "./run_command.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Does what `args` ask for. An error becomes one line on standard error.
 *
 * @returns The exit code: the guest's, 2 if `args` make no sense, 1 if something else is wrong.
 */
export async function main(
  args: readonly string[],
  effects: Effects = systemEffects,
): Promise<number> {
  let exitCode = 0;
  const exit = (code: number) => {
    exitCode = code;
  };
  const run = createRunCommand(effects, exit);
  const headgate = new Command()
    .name("headgate")
    .version(manifest.version)
    .description(
      "Userspace networking for Linux: a command's only link is a TypeScript TCP/IP stack.",
    )
    .help({ colors: Deno.stdout.isTerminal() && !Deno.noColor })
    .helpOption("-h, --help", "Show this help.", function () {
      effects.print(this.getHelp());
    })
    .versionOption("-V, --version", "Show the version.", function () {
      effects.print(`headgate ${manifest.version}`);
    })
    .noExit()
    .action(function () {
      effects.print(this.getHelp());
    });
  headgate.command("run", run);
  headgate.command("doctor", createDoctorCommand(effects, exit));

  try {
    const takesValue = (name: string) => (run.getOption(name)?.args.length ?? 0) > 0;
    const [first, ...rest] = args;
    await headgate.parse(first === "run" ? [first, ...markCommand(rest, takesValue)] : [...args]);
    return exitCode;
  } catch (error) {
    effects.printError(`headgate: ${escapeControls(explain(error))}`);
    return exitStatus(error);
  }
}

/** 2 for words that make no sense; what an error asks for, as a shell would; else 1. */
function exitStatus(error: unknown): number {
  if (error instanceof UsageError || error instanceof ValidationError) return 2;
  const hasOwn = error instanceof Error && "exitStatus" in error;
  return hasOwn && typeof error.exitStatus === "number" ? error.exitStatus : 1;
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof ValidationError)) return error.message;
  // Cliffy's sentence, without the full stop and its guess at what was meant.
  const sentence = error.message.replace(/\.( Did you mean .*)?$/s, "");
  const why = sentence.charAt(0).toLowerCase() + sentence.slice(1);
  return `invalid arguments: ${why}; see "headgate --help" or "headgate run --help"`;
}

/** Keeps a message on one line, and the user's words from steering the terminal. */
function escapeControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
