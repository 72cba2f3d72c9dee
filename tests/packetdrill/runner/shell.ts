/**
 * The shell of scripts, by a table: settings, a look at the states of sockets, and
 * commands that mean nothing here.
 *
 * @module
 */
import { Mismatch, Unsupported } from "./failure.ts";
import type { Machine } from "./machine.ts";
import { applySysctl } from "./sysctls.ts";

/** A command and what it does; undefined: nothing. */
type Rule = readonly [RegExp, ((machine: Machine, match: RegExpExecArray) => void)?];

const RULES: readonly Rule[] = [
  [/^(?:\S*\/)?defaults\.sh$/], // what it sets is what the persona is
  [/^(?:\S*\/)?sysctl_restore_\S*$/],
  [/^sysctl\s+(.*)$/, (machine, [, settings = ""]) => applySettings(machine, settings)],
  [/^(?:\S*\/)?set_sysctls\.py\s+(.*)$/, (machine, [, settings = ""]) => {
    applySettings(machine, settings);
  }],
  [/^echo\s+(\S+)\s*>\s*\/proc\/sys\/(\S+)$/, (machine, [, value = "", key = ""]) => {
    applySysctl(machine, key, value);
  }],
  [/^sleep\s+([\d.]+)$/, ({ host }, [, seconds = ""]) => {
    host.runUntil(host.now + Number(seconds) * 1e6);
  }],
  [/^tc\s+qdisc\s+(?:add|replace)\s+dev\s+tun0\s+root\s+(?:pfifo|fq|fq_codel)$/],
  [/^ethtool\s+-K\s+tun0\b[\w\s]*$/, (machine) => {
    machine.isStrict = true; // without offloads each packet is what was expected
  }],
  [/^nstat\s+-n$/],
  [/^(?:true|sync|:)$/],
  [/^sockstat\b.*\|\s*grep\s+-c\s+"?(\w+)"?\s*\|\s*grep\s+(?:-q\s+)?"?(\d+)"?$/, countStates],
  [/^ss\b.*\|\s*grep\s+-c\s+"?([\w-]+)"?\s*\|\s*grep\s+(?:-q\s+)?"?(\d+)"?$/, countStates],
  [/^tcpdrop\s+-s\s+(\w+)$/, (machine, [, state = ""]) => machine.dropState(stateOf(state))],
];

/**
 * Does what `text` says, a command a line.
 *
 * @throws {Unsupported} When a command is not known.
 */
export function runShell(machine: Machine, text: string): void {
  for (const line of text.replace(/\\\s*\n/g, " ").replace(/(^|\s)#.*$/gm, "").split(/\n|;|&&/)) {
    const command = line.trim().replace(/\s*(?:2?>\s*\/dev\/null|2>&1)\s*/g, " ").trim();
    if (command !== "") runCommand(machine, command);
  }
}

function runCommand(machine: Machine, command: string): void {
  for (const [pattern, run] of RULES) {
    const match = pattern.exec(command);
    if (!match) continue;
    run?.(machine, match);
    return;
  }
  throw new Unsupported(`the command "${command}" is not served`);
}

/** `-q -w key=value key="value with blanks"` */
function applySettings(machine: Machine, settings: string): void {
  const rest = settings.replace(
    /(?:^|\s)(\/?[\w./-]+)\s*=\s*("[^"]*"|'[^']*'|\$\(\([^)]*\)\)|\S+)/g,
    (_, key: string, value: string) => {
      applySysctl(machine, key.replace(/^\/proc\/sys\//, ""), value.replace(/^["']|["']$/g, ""));
      return "";
    },
  );
  if (!/^(?:\s*-\w+)*\s*$/.test(rest)) throw new Unsupported(`"${rest.trim()}" is no setting`);
}

const STATES: Readonly<Record<string, string>> = {
  "SYN_RCVD": "SYN-RECEIVED",
  "SYN_RECV": "SYN-RECEIVED",
  "ESTAB": "ESTABLISHED",
  "FIN_WAIT_1": "FIN-WAIT-1",
  "FIN_WAIT_2": "FIN-WAIT-2",
};

function stateOf(name: string): string {
  return STATES[name.replaceAll("-", "_")] ?? name.replaceAll("_", "-");
}

function countStates(machine: Machine, [, state = "", wanted = ""]: RegExpExecArray): void {
  const count = machine.countStates(stateOf(state));
  if (count === Number(wanted)) return;
  throw new Mismatch(`${count} connections are in ${state}, not ${wanted}`);
}
