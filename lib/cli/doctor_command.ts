/**
 * `headgate doctor`: what the machine offers, and what to do about what it lacks.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { Check } from "../namespace/requirements.ts";
import type { Effects } from "./effects.ts";

/**
 * The command `doctor`.
 *
 * @param exit Takes the exit code: 0 if all is well, otherwise 1.
 */
export function createDoctorCommand(effects: Effects, exit: (code: number) => void) {
  return new Command()
    .description("Check what this machine offers, and say what to do about what it lacks.")
    .action(async () => {
      const checks = await effects.checkMachine();
      for (const check of checks) effects.print(formatCheck(check));
      exit(checks.every((check) => check.ok) ? 0 : 1);
    });
}

function formatCheck({ name, ok, detail, remedy }: Check): string {
  const line = `${ok ? "ok" : "NO"}   ${name}: ${detail}`;
  return ok || remedy === undefined ? line : `${line}\n     -> ${remedy}`;
}
