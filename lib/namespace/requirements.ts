/**
 * Whether this machine can run guests, found out by running one.
 *
 * @module
 */

import { type Check, checkRequirements } from "./checks.ts";
import { prepareGuest, SetupError } from "./guest.ts";
import { checkReach } from "./reach_checks.ts";

export type { Check } from "./checks.ts";

/**
 * Checks everything that guests need, and then a whole one. Takes about 100 ms.
 *
 * @returns The checks in the order in which they depend on each other.
 */
export async function checkMachine(): Promise<readonly Check[]> {
  const checks = await checkRequirements();
  return checks.every((check) => check.ok)
    ? [...checks, await tryGuest(), ...checkReach()]
    : checks;
}

async function tryGuest(): Promise<Check> {
  const name = "a guest";
  try {
    const guest = await prepareGuest({
      command: ["true"],
      interfaceName: "trial",
      mtu: 1500,
      offload: true,
      // RFC 5737: addresses for documentation
      networks: [{ address: "192.0.2.2", prefixLength: 24, gateway: "192.0.2.1" }],
    });
    guest.close(); // before its command has run
    const offload = guest.tun.offload ? "with" : "without";
    return { name, ok: true, detail: `set up, ${offload} checksum and segmentation offload` };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { name, ok: false, detail: error.message };
  }
}
