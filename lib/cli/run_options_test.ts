import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type GivenOptions, parseRunOptions } from "./run_options.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULTS: GivenOptions = {
  cidr: "10.0.2.0/24",
  cidr6: "fd00::/64",
  mtu: "65520",
  udpTimeout: "180",
  interface: "tun0",
  isn: "siphash",
};

const parse = (given: Partial<GivenOptions>) => parseRunOptions({ ...DEFAULTS, ...given }, ["x"]);

function refusal(given: Partial<GivenOptions>): string {
  return assertThrows(() => parse(given), UsageError).message;
}

Deno.test("--udp-timeout is a whole number of seconds, up to a day", () => {
  assertEquals(parse({ udpTimeout: "1" }).udpTimeout, 1000);
  assertEquals(parse({ udpTimeout: "86400" }).udpTimeout, 86_400_000);
  for (const udpTimeout of ["0", "86401", "1.5", "-1", "30s", ""]) {
    assertStringIncludes(refusal({ udpTimeout }), `invalid --udp-timeout "${udpTimeout}"`);
  }
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

Deno.test("--config-net is for a TAP device", () => {
  assertEquals(
    refusal({ configNet: true }),
    "invalid --config-net: a TUN device always is configured; add --tap",
  );
  assertEquals(parse({}).configure, true);
  assertEquals(parse({ interface: undefined }).interfaceName, "tun0");
  assertEquals(parse({ interface: undefined, tap: true }).interfaceName, "tap0");
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
