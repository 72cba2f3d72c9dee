import { assertEquals, assertRejects } from "@std/assert";
import { AddressPolicy } from "../../lib/forward/policy.ts";
import type { Link } from "../../lib/link/link.ts";
import { runGuest } from "../../lib/namespace/run_guest.ts";
import { withGuest } from "../../lib/namespace/with_guest.ts";
import { parseAddress } from "../../lib/text/address.ts";
import { lacking, within } from "./harness.ts";

const LIMIT = 20_000;

const GUEST = {
  command: ["sleep", "1000"],
  interfaceName: "tun0",
  mtu: 1500,
  offload: true,
  networks: [{ address: "10.0.2.100", prefixLength: 24, gateway: "10.0.2.2" }],
};

/** A link that breaks, which links are not supposed to do, upon the first packet. */
function breaking(link: Link): Link {
  link.receive = () => {
    throw new Error("a mistake in the link");
  };
  return link;
}

Deno.test({
  name: `A guest ends with what has served it${lacking ? ` (skipped: ${lacking})` : ""}`,
  ignore: lacking !== undefined,
  fn: async () => {
    const running = runGuest({
      guest: GUEST,
      forwarder: {
        policy: new AddressPolicy({
          networks: [{ gateway: parseAddress("10.0.2.2"), prefixLength: 24 }],
        }),
      },
      wrapLink: breaking,
    });
    await assertRejects(() => within(LIMIT, running), Error, "a mistake in the link");
  },
});

Deno.test({
  name: `A guest ends with what cannot serve it${lacking ? ` (skipped: ${lacking})` : ""}`,
  ignore: lacking !== undefined,
  fn: async () => {
    const before = children();
    const running = withGuest(GUEST, () => Promise.reject(new Error("nothing to serve it")));
    await assertRejects(() => within(LIMIT, running), Error, "nothing to serve it");
    assertEquals(children(), before);
  },
});

/** The child processes of this one. */
function children(): string {
  return Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/children`);
}
