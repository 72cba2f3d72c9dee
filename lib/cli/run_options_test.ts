import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type GivenOptions, parseRunOptions } from "./run_options.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULTS: GivenOptions = {
  cidr: "10.0.2.0/24",
  mtu: "65520",
  interface: "tun0",
  isn: "siphash",
};

const parse = (given: Partial<GivenOptions>) => parseRunOptions({ ...DEFAULTS, ...given }, ["x"]);

function refusal(given: Partial<GivenOptions>): string {
  return assertThrows(() => parse(given), UsageError).message;
}

Deno.test("--cidr takes networks of 8 to 25 bits", () => {
  assertEquals(parse({ cidr: "10.0.0.0/8" }).network.guest, "10.0.0.100");
  assertEquals(parse({ cidr: "192.168.1.128/25" }).network, {
    guest: "192.168.1.228",
    gateway: "192.168.1.130",
    dns: "192.168.1.131",
    prefixLength: 25,
  });
  assertStringIncludes(refusal({ cidr: "10.0.0.0/7" }), "not 8 to 25");
  assertStringIncludes(refusal({ cidr: "10.0.2.0/26" }), "not 8 to 25");
});

Deno.test("--cidr with host bits is refused with the network that was meant", () => {
  assertEquals(
    refusal({ cidr: "10.0.2.15/24" }),
    'invalid --cidr "10.0.2.15/24": host bits are set; use "10.0.2.0/24"',
  );
  assertStringIncludes(refusal({ cidr: "10.0.2.200/25" }), 'use "10.0.2.128/25"');
});

Deno.test("--cidr takes nothing but four decimal numbers and a prefix length", () => {
  for (
    const cidr of ["10.0.2.0", "10.0.2.0/", "10.2/16", "10.0.2.0/x", "10.0.2.0/024", "0xa.0.2.0/24"]
      .concat(
        "10.0.256.0/24",
        "10.0.02.0/24",
        " 10.0.2.0/24",
        "10.0.2.0/24 ",
        "10.0.2.0/-8",
        "a/24",
      )
  ) refusal({ cidr });
  assertStringIncludes(refusal({ cidr: "fd00::/64" }), "only IPv4");
});

Deno.test("--cidr is not a range that is not for hosts", () => {
  assertStringIncludes(refusal({ cidr: "127.0.0.0/8" }), "loopback");
  assertStringIncludes(refusal({ cidr: "224.0.0.0/8" }), "multicast");
  assertStringIncludes(refusal({ cidr: "0.0.0.0/8" }), "not for hosts");
  assertStringIncludes(refusal({ cidr: "169.254.0.0/16" }), "link local");
  assertEquals(parse({ cidr: "100.64.0.0/10" }).network.guest, "100.64.0.100");
});

Deno.test("--mtu is a whole number from 576 to 65521", () => {
  assertEquals(parse({ mtu: "576" }).mtu, 576);
  assertEquals(parse({ mtu: "65521" }).mtu, 65521);
  for (const mtu of ["575", "65522", "1500.5", "1e3", "-1500", "0x600", "mtu", " 1500", "1500B"]) {
    assertStringIncludes(refusal({ mtu }), `invalid --mtu "${mtu}"`);
  }
});

Deno.test("--interface is a name that the kernel takes", () => {
  for (const name of ["tun0", "a", "123456789012345", "ü", "eth0.1"]) {
    assertEquals(parse({ interface: name }).interfaceName, name);
  }
  for (const name of ["1234567890123456", "üüüüüüüü", ".", "..", "a/b", "a b", "a\tb", "a:b"]) {
    refusal({ interface: name });
  }
  for (const name of ["lo", "tun%d", "-q"]) refusal({ interface: name });
});

Deno.test("--isn is siphash or jenkins", () => {
  assertEquals(parse({ isn: "jenkins" }).isn, "jenkins");
  refusal({ isn: "SipHash" });
});

Deno.test("--pcap is there only if given, and is no forgotten value", () => {
  assertEquals("pcap" in parse({}), false);
  assertEquals(parse({ pcap: "./-" }).pcap, "./-");
  refusal({ pcap: "-v" });
});

Deno.test("--quiet and --verbose exclude each other", () => {
  assertEquals(parse({ quiet: true }).verbosity, "quiet");
  assertEquals(parse({ verbose: true }).verbosity, "verbose");
  refusal({ quiet: true, verbose: true });
});
