import { assertEquals } from "@std/assert";
import { parseAddress } from "../text/address.ts";
import { AddressPolicy, type AddressPolicyOptions } from "./policy.ts";

const NETWORK = {
  network: { address: parseAddress("10.0.2.2"), prefixLength: 24 },
  gateway: parseAddress("10.0.2.2"),
};

/** What becomes of a flow to `address`, in a few words. */
function decide(address: string, options: Partial<AddressPolicyOptions> = {}): string {
  const policy = new AddressPolicy({ ...NETWORK, ...options });
  const client = { address: parseAddress("10.0.2.100"), port: 40_000 };
  const target = { address: parseAddress(address), port: 443 };
  const verdict = policy.decide({ protocol: 6, client, target });
  if (verdict.kind !== "allow") return `${verdict.kind}: ${verdict.reason}`;
  return `${verdict.target.hostname}:${verdict.target.port}`;
}

const LOOPBACK = "reject: loopback addresses are the host's own";
const LINK_LOCAL =
  "reject: link-local addresses are not reachable; cloud metadata services live there";
const NOBODY = "reject: there is no such host in the guest's network";

for (
  const [address, verdict] of [
    ["93.184.216.34", "93.184.216.34:443"],
    ["192.168.1.1", "192.168.1.1:443"],
    ["10.0.1.255", "10.0.1.255:443"],
    ["10.0.3.0", "10.0.3.0:443"],
    ["2001:db8::1", "2001:db8::1:443"],
    ["10.0.2.0", NOBODY],
    ["10.0.2.3", NOBODY],
    ["10.0.2.50", NOBODY],
    ["10.0.2.255", NOBODY],
    ["127.0.0.1", LOOPBACK],
    ["127.255.255.255", LOOPBACK],
    ["::1", LOOPBACK],
    ["::ffff:127.0.0.1", LOOPBACK],
    ["169.254.169.254", LINK_LOCAL],
    ["169.254.0.0", LINK_LOCAL],
    ["fe80::1", LINK_LOCAL],
    ["169.253.255.255", "169.253.255.255:443"],
    ["0.0.0.0", "reject: the unspecified address is the host itself"],
    ["0.255.255.255", "reject: the unspecified address is the host itself"],
    ["::", "reject: the unspecified address is the host itself"],
    ["224.0.0.1", "reject: multicast addresses have no connections"],
    ["ff02::1", "reject: multicast addresses have no connections"],
    ["255.255.255.255", "reject: the address is reserved"],
    ["240.0.0.0", "reject: the address is reserved"],
    ["10.0.2.2", "reject: the host's loopback is closed: --host-loopback opens it"],
  ] as const
) {
  Deno.test(`AddressPolicy on ${address} is "${verdict}" (4-05)`, () => {
    assertEquals(decide(address), verdict);
  });
}

Deno.test("AddressPolicy lets the gateway be the host's loopback when told to (4-05)", () => {
  assertEquals(decide("10.0.2.2", { hostLoopback: true }), "127.0.0.1:443");
  assertEquals(decide("127.0.0.1", { hostLoopback: true }), LOOPBACK);
  assertEquals(decide("10.0.2.3", { hostLoopback: true }), NOBODY);
});

Deno.test("AddressPolicy knows where networks of other lengths end", () => {
  const network = (text: string, prefixLength: number) => ({
    network: { address: parseAddress(text), prefixLength },
  });
  assertEquals(decide("10.255.0.1", network("10.0.0.2", 8)), NOBODY);
  assertEquals(decide("11.0.0.1", network("10.0.0.2", 8)), "11.0.0.1:443");
  assertEquals(decide("192.0.2.127", network("192.0.2.2", 25)), NOBODY);
  assertEquals(decide("192.0.2.128", network("192.0.2.2", 25)), "192.0.2.128:443");
});
