import { assertEquals } from "@std/assert";
import { IpProtocol } from "../ip/header.ts";
import fc from "fast-check";
import { type IpAddress, ipv4 } from "../ip/address.ts";
import { formatAddress, parseAddress } from "../text/address.ts";
import { AddressPolicy, type AddressPolicyOptions } from "./policy.ts";

const NETWORKS = {
  networks: [
    { gateway: parseAddress("10.0.2.2"), prefixLength: 24 },
    { gateway: parseAddress("fd00::2"), prefixLength: 64 },
  ],
};

/** What becomes of a flow to `address`, in a few words. */
function decide(
  address: string,
  options: Partial<AddressPolicyOptions> = {},
  protocol: number = IpProtocol.Tcp,
): string {
  const policy = new AddressPolicy({ ...NETWORKS, ...options });
  const client = { address: parseAddress("10.0.2.100"), port: 40_000 };
  const target = { address: parseAddress(address), port: 443 };
  const verdict = policy.decide({ protocol, client, target });
  if (verdict.kind !== "allow") return `${verdict.kind}: ${verdict.reason}`;
  return `${verdict.target.hostname}:${verdict.target.port}`;
}

const LOOPBACK = "reject: loopback addresses are the host's own";
const LINK_LOCAL =
  "reject: link-local addresses are not reachable; cloud metadata services live there";
const UNSPECIFIED = "reject: the unspecified address is the host itself";
const METADATA = "reject: a cloud's metadata service has this address";
const NOBODY = "reject: there is no such host in the guest's network";

function disguised(address: string, reason: string): string {
  return `reject: it stands for ${address}: ${reason}`;
}

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
    ["0.0.0.0", UNSPECIFIED],
    ["0.255.255.255", UNSPECIFIED],
    ["::", UNSPECIFIED],
    ["224.0.0.1", "reject: multicast addresses have no connections"],
    ["ff02::1", "reject: multicast addresses have no connections"],
    ["255.255.255.255", "reject: the address is reserved"],
    ["240.0.0.0", "reject: the address is reserved"],
    ["10.0.2.2", "reject: the host's loopback is closed: --host-loopback opens it"],
    ["fd00::2", "reject: the host's loopback is closed: --host-loopback opens it"],
    ["fd00::3", NOBODY],
    ["fd00::ffff:ffff:ffff:ffff", NOBODY],
    ["fd00:0:0:1::1", "fd00:0:0:1::1:443"],
    ["fcff::1", "fcff::1:443"],
    ["febf::1", LINK_LOCAL],
    ["fd00:ec2::254", METADATA],
    ["fd00:ec2::253", "fd00:ec2::253:443"],
    ["fd20:ce::254", METADATA],
    ["fd00:c1::a9fe:a9fe", METADATA],
    ["100.100.100.200", METADATA],
    ["64:ff9b::6464:64c8", disguised("100.100.100.200", METADATA.slice(8))],
    ["100.100.100.201", "100.100.100.201:443"],
    ["::7f00:1", disguised("127.0.0.1", LOOPBACK.slice(8))],
    ["::ffff:0:127.0.0.1", disguised("127.0.0.1", LOOPBACK.slice(8))],
    ["64:ff9b::7f00:1", disguised("127.0.0.1", LOOPBACK.slice(8))],
    ["64:ff9b:1:fffe::a9fe:a9fe", disguised("169.254.169.254", LINK_LOCAL.slice(8))],
    ["64:ff9b::198.51.100.1", "64:ff9b::c633:6401:443"],
    ["2002:7f00:1::", disguised("127.0.0.1", LOOPBACK.slice(8))],
    ["2002:a9fe:a9fe::1", disguised("169.254.169.254", LINK_LOCAL.slice(8))],
    ["2002:c633:6401::1", "2002:c633:6401::1:443"],
    ["2001:0:c633:6401::80ff:fffe", disguised("127.0.0.1", LOOPBACK.slice(8))],
    ["2001:0:c633:6401::39cc:9bfe", "2001:0:c633:6401::39cc:9bfe:443"],
    ["2001:db8::5efe:127.0.0.1", disguised("127.0.0.1", LOOPBACK.slice(8))],
    ["2001:db8::200:5efe:0.0.0.0", disguised("0.0.0.0", UNSPECIFIED.slice(8))],
  ] as const
) {
  Deno.test(`AddressPolicy on ${address} is "${verdict}" (4-05)`, () => {
    assertEquals(decide(address), verdict);
  });
}

Deno.test("AddressPolicy lets the gateway be the host's loopback when told to (4-05)", () => {
  assertEquals(decide("10.0.2.2", { hostLoopback: true }), "127.0.0.1:443");
  assertEquals(decide("fd00::2", { hostLoopback: true }), "::1:443");
  assertEquals(decide("::1", { hostLoopback: true }), LOOPBACK);
  assertEquals(decide("fd00::3", { hostLoopback: true }), NOBODY);
  assertEquals(decide("127.0.0.1", { hostLoopback: true }), LOOPBACK);
  assertEquals(decide("10.0.2.3", { hostLoopback: true }), NOBODY);
});

Deno.test("AddressPolicy knows where networks of other lengths end", () => {
  const network = (text: string, prefixLength: number) => ({
    networks: [{ gateway: parseAddress(text), prefixLength }],
  });
  assertEquals(decide("10.255.0.1", network("10.0.0.2", 8)), NOBODY);
  assertEquals(decide("11.0.0.1", network("10.0.0.2", 8)), "11.0.0.1:443");
  assertEquals(decide("192.0.2.127", network("192.0.2.2", 25)), NOBODY);
  assertEquals(decide("192.0.2.128", network("192.0.2.2", 25)), "192.0.2.128:443");
  assertEquals(decide("fdff::1", network("fd00::2", 8)), NOBODY);
  assertEquals(decide("fe00::1", network("fd00::2", 8)), "fe00::1:443");
  assertEquals(decide("fd00:0:0:8000::1", network("fd00::2", 48)), NOBODY);
  assertEquals(decide("fd00:0:1::1", network("fd00::2", 48)), "fd00:0:1::1:443");
  assertEquals(decide("fd00::1ff", network("fd00::2", 119)), NOBODY);
  assertEquals(decide("fd00::200", network("fd00::2", 119)), "fd00::200:443");
});

Deno.test("without UDP its flows are rejected, and TCP's are not", () => {
  assertEquals(
    decide("192.0.2.1", { udp: false }, IpProtocol.Udp),
    "reject: there is no UDP: --no-udp",
  );
  assertEquals(decide("192.0.2.1", { udp: false }), "192.0.2.1:443");
  assertEquals(decide("192.0.2.1", {}, IpProtocol.Udp), "192.0.2.1:443");
});

/** IPv6 addresses that lead to the IPv4 address with these bits, somewhere. */
function disguises(bits: number, other: number): IpAddress[] {
  const ipv6 = (w0: number, w1: number, w2: number, w3: number) => ({
    ...{ w0: w0 | 0, w1: w1 | 0, w2: w2 | 0, w3: w3 | 0 },
  });
  return [
    ipv6(0, 0, 0xffff_0000, bits),
    ipv6(0x0064_ff9b, 0, 0, bits),
    ipv6(0x0064_ff9b, 0x0001_0000 | other & 0xffff, other, bits),
    ipv6(0x2002_0000 | bits >>> 16, bits << 16 | other & 0xffff, other, other),
    ipv6(0x2001_0000, other, other, ~bits),
    ipv6(0x2a00_0000 | other & 0xffff, other, 0x0000_5efe, bits),
    ipv6(0x2a00_0000 | other & 0xffff, other, 0x0200_5efe, bits),
  ];
}

Deno.test("without pings they are rejected, and what else there is is not", () => {
  for (const [address, protocol] of [["192.0.2.1", 1], ["2001:db8::1", 58]] as const) {
    assertEquals(
      decide(address, { pings: false }, protocol),
      "reject: there are no pings: --no-icmp",
    );
    assertEquals(decide(address, {}, protocol), `${address}:443`);
    assertEquals(decide(address, { pings: false }), `${address}:443`);
  }
});

Deno.test("AddressPolicy refuses an IPv4 address in every disguise, for the same reason (4-05)", () => {
  const first = fc.constantFrom(0, 10, 93, 127, 169, 192, 224, 240, 255);
  fc.assert(fc.property(first, fc.nat(0xff_ffff), fc.nat(0xffff_ffff), (octet, rest, other) => {
    const bits = octet << 24 | rest;
    // What is private somewhere else is somebody else's.
    const network = { gateway: parseAddress("192.0.2.2"), prefixLength: 32 };
    const plain = decide(formatAddress(ipv4(bits)), { networks: [network] });
    for (const address of disguises(bits, other)) {
      const text = formatAddress(address);
      const expected = plain.startsWith("reject: ")
        ? `reject: it stands for ${formatAddress(ipv4(bits))}: ${plain.slice(8)}`
        : `${text}:443`;
      assertEquals(decide(text, { networks: [network] }), expected);
    }
  }));
});
