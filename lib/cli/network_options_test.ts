import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type GivenNetworks, parseNetworks } from "./network_options.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULTS: GivenNetworks = { cidr: "10.0.2.0/24", cidr6: "fd00::/64" };

const parse = (given: Partial<GivenNetworks>, mtu = 65_520) =>
  parseNetworks({ ...DEFAULTS, ...given }, mtu);
const ipv4 = (cidr: string) => parse({ cidr })[0];
const ipv6 = (cidr6: string) => parse({ cidr6 })[1];

function refusal(given: Partial<GivenNetworks>, mtu?: number): string {
  return assertThrows(() => parse(given, mtu), UsageError).message;
}

Deno.test("--cidr takes networks of 8 to 25 bits", () => {
  assertEquals(ipv4("10.0.0.0/8")?.guest, "10.0.0.100");
  assertEquals(ipv4("192.168.1.128/25"), {
    version: 4,
    guest: "192.168.1.228",
    gateway: "192.168.1.130",
    dns: "192.168.1.131",
    prefixLength: 25,
  });
  assertStringIncludes(refusal({ cidr: "10.0.0.0/7" }), "not 8 to 25");
  assertStringIncludes(refusal({ cidr: "10.0.2.0/26" }), "not 8 to 25");
});

Deno.test("--cidr6 takes networks of 8 to 119 bits", () => {
  assertEquals(ipv6("fd00::/8")?.guest, "fd00::100");
  assertEquals(ipv6("fdab:cdef:1:2:3:4:5:fe00/119"), {
    version: 6,
    guest: "fdab:cdef:1:2:3:4:5:ff00",
    gateway: "fdab:cdef:1:2:3:4:5:fe02",
    dns: "fdab:cdef:1:2:3:4:5:fe03",
    prefixLength: 119,
  });
  assertStringIncludes(refusal({ cidr6: "fd00::/7" }), "not 8 to 119");
  assertStringIncludes(refusal({ cidr6: "fd00::/120" }), "not 8 to 119");
});

Deno.test("Networks with host bits are refused with the network that was meant", () => {
  assertEquals(
    refusal({ cidr: "10.0.2.15/24" }),
    'invalid --cidr "10.0.2.15/24": host bits are set; use "10.0.2.0/24"',
  );
  assertStringIncludes(refusal({ cidr: "10.0.2.200/25" }), 'use "10.0.2.128/25"');
  assertStringIncludes(refusal({ cidr6: "fd00:0:0:7f::/57" }), 'use "fd00::/57"');
  assertStringIncludes(refusal({ cidr6: "fd00::100/64" }), 'use "fd00::/64"');
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
  assertEquals(
    refusal({ cidr: "fd00::/64" }),
    'invalid --cidr "fd00::/64": it is an IPv6 network; give it as --cidr6',
  );
});

Deno.test("--cidr6 takes nothing but an IPv6 address and a prefix length", () => {
  for (
    const cidr6 of ["fd00::", "fd00::/", "fd00:::/64", "fd00::/x", "fd00::%1/64", "/64", "::g/64"]
  ) {
    refusal({ cidr6 });
  }
  assertEquals(
    refusal({ cidr6: "10.0.2.0/24" }),
    'invalid --cidr6 "10.0.2.0/24": it is an IPv4 network; give it as --cidr',
  );
});

Deno.test("Networks are not in a range that is not for hosts", () => {
  assertStringIncludes(refusal({ cidr: "127.0.0.0/8" }), "loopback");
  assertStringIncludes(refusal({ cidr: "224.0.0.0/8" }), "multicast");
  assertStringIncludes(refusal({ cidr: "0.0.0.0/8" }), "not for hosts");
  assertStringIncludes(refusal({ cidr: "169.254.0.0/16" }), "link local");
  assertEquals(ipv4("100.64.0.0/10")?.guest, "100.64.0.100");
  assertStringIncludes(refusal({ cidr6: "fe80::/64" }), "link local");
  assertStringIncludes(refusal({ cidr6: "ff00::/64" }), "multicast");
  assertStringIncludes(refusal({ cidr6: "::/64" }), "not for hosts");
  assertEquals(ipv6("2a00:1::/64")?.guest, "2a00:1::100");
});

Deno.test("--ipv4-only and --ipv6-only leave one family, and exclude each other", () => {
  const versions = (given: Partial<GivenNetworks>, mtu?: number) =>
    parse(given, mtu).map(({ version }) => version);
  assertEquals(versions({}), [4, 6]);
  assertEquals(versions({ ipv4Only: true }), [4]);
  assertEquals(versions({ ipv6Only: true }), [6]);
  assertStringIncludes(refusal({ ipv4Only: true, ipv6Only: true }), "nothing would be left");
});

Deno.test("A link of less than 1280 bytes has no IPv6 (RFC 8200 §5)", () => {
  assertEquals(parse({}, 1279).map(({ version }) => version), [4]);
  assertEquals(parse({}, 1280).map(({ version }) => version), [4, 6]);
  assertEquals(
    refusal({ ipv6Only: true }, 1279),
    'invalid --mtu "1279": IPv6 needs 1280 or more; choose a larger one, or leave out --ipv6-only',
  );
});
