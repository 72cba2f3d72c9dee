import { assertEquals, assertThrows } from "@std/assert";
import { type GivenDns, parseDns } from "./dns_options.ts";
import { parseNetworks } from "./network_options.ts";
import { UsageError } from "./usage_error.ts";

const NETWORKS = parseNetworks({ cidr: "10.0.2.0/24", cidr6: "fd00::/64" }, 65520);

Deno.test("parseDns takes addresses with and without a port", () => {
  for (
    const [text, address, port] of [
      ["192.0.2.53", "192.0.2.53", 53],
      ["127.0.0.1:5353", "127.0.0.1", 5353],
      ["2001:db8::53", "2001:db8::53", 53],
      ["[2001:db8::53]", "2001:db8::53", 53],
      ["[2001:db8::53]:65535", "2001:db8::53", 65535],
      ["fe80::1%eth0", "fe80::1%eth0", 53],
    ] as const
  ) assertEquals(parseDns({ dns: [text] }, NETWORKS)?.servers, [{ address, port }], text);
});

Deno.test("parseDns puts the forwarder where it is told, and else where slirp4netns has it", () => {
  const addresses = (dnsForward: string[]) => parseDns({ dnsForward }, NETWORKS)?.addresses;
  assertEquals(addresses([]), ["10.0.2.3", "fd00::3"]);
  assertEquals(addresses(["10.0.2.53"]), ["10.0.2.53", "fd00::3"]);
  assertEquals(addresses(["FD00:0::53", "10.0.2.53"]), ["10.0.2.53", "fd00::53"]);
});

Deno.test("parseDns makes no name service with --no-dns", () => {
  assertEquals(parseDns({ dns: false }, NETWORKS), undefined);
});

Deno.test("parseDns refuses what cannot be in one line that says why", () => {
  for (
    const [given, message] of [
      [{ dns: ["dns.example"] }, 'invalid --dns "dns.example": not an IP address'],
      [{ dns: ["1.2.3"] }, 'invalid --dns "1.2.3"'],
      [{ dns: ["192.0.2.53:0"] }, 'invalid --dns "192.0.2.53:0"'],
      [{ dns: ["192.0.2.53:65536"] }, 'invalid --dns "192.0.2.53:65536"'],
      [{ dns: ["[192.0.2.53]:53"] }, 'invalid --dns "[192.0.2.53]:53"'],
      [{ dns: ["[2001:db8::53"] }, 'invalid --dns "[2001:db8::53"'],
      [{ dns: ["192.0.2.1", "x"] }, 'invalid --dns "x"'],
      [{ dnsForward: ["x"] }, 'invalid --dns-forward "x": not an IP address'],
      [{ dnsForward: ["192.0.2.1"] }, "not in a network of the guest's; choose"],
      [{ dnsForward: ["fd00:1::3"] }, "not in a network of the guest's; choose"],
      [{ dnsForward: ["10.0.2.2"] }, "the gateway has it"],
      [{ dnsForward: ["10.0.2.100"] }, "the guest itself has it"],
      [{ dnsForward: ["10.0.2.0"] }, "are nobody's"],
      [{ dnsForward: ["10.0.2.255"] }, "are nobody's"],
      [{ dnsForward: ["10.0.2.4", "10.0.2.5"] }, 'in the same network as "10.0.2.4"'],
      [{ dns: false, dnsForward: ["10.0.2.4"] }, "invalid --no-dns --dns-forward"],
    ] as [GivenDns, string][]
  ) assertThrows(() => parseDns(given, NETWORKS), UsageError, message);
});
