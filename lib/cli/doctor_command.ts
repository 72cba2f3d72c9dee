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
 * @param exit Takes the exit code: 0 if guests can run, otherwise 1.
 */
export function createDoctorCommand(effects: Effects, exit: (code: number) => void) {
  return new Command()
    .description("Check what this machine offers, and say what to do about what it lacks.")
    .action(async () => {
      const checks = await effects.checkMachine();
      for (const check of checks) effects.print(formatCheck(check));
      exit(checks.every(({ ok, isOptional = false }) => ok || isOptional) ? 0 : 1);
    });
}

function formatCheck({ name, ok, detail, remedy, isOptional }: Check): string {
  const mark = ok ? "ok" : isOptional ? "no" : "NO";
  const line = `${mark}   ${name}: ${detail}`;
  return ok || remedy === undefined ? line : `${line}\n     -> ${remedy}`;
}
