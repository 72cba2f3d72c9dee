import { assertEquals, assertThrows } from "@std/assert";
import { ipv4, isIpv4 } from "../ip/address.ts";
import { formatAddress, formatEndpoint, formatFlow, parseAddress } from "./address.ts";

for (
  const [given, written, why] of [
    ["10.0.2.100", "10.0.2.100", "an IPv4 address as it is"],
    ["255.255.255.255", "255.255.255.255", "large octets"],
    ["0.0.0.0", "0.0.0.0", "the least IPv4 address"],
    ["2001:0db8::0001", "2001:db8::1", "without leading zeros (RFC 5952 §4.1)"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1", "as short as can be (RFC 5952 §4.2.1)"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "one zero field (RFC 5952 §4.2.2)"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "the longest run of zeros (RFC 5952 §4.2.3)"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "the first of two runs (RFC 5952 §4.2.3)"],
    ["2001:DB8::ABCD", "2001:db8::abcd", "small letters (RFC 5952 §4.3)"],
    ["::", "::", "the unspecified address"],
    ["0:0:0:0:0:0:0:1", "::1", "the loopback address"],
    ["fe80:0:0:0:0:0:0:0", "fe80::", "zeros at the end"],
    [
      "::ffff:10.0.2.2",
      "10.0.2.2",
      "a mapped address, which is the IPv4 address (RFC 4291 §2.5.5.2)",
    ],
  ] as const
) {
  Deno.test(`addresses are written in their canonical form: ${why}`, () => {
    assertEquals(formatAddress(parseAddress(given)), written);
    assertEquals(parseAddress(written), parseAddress(given));
  });
}

Deno.test("an IPv4 address is read into the 32 bits that it is on the wire", () => {
  const address = parseAddress("192.0.2.1");
  assertEquals(isIpv4(address), true);
  assertEquals(address, ipv4(0xc0000201 | 0));
});

Deno.test("what is no address is not read", () => {
  for (
    const text of [
      ...["", "10.0.2", "10.0.2.256", "010.0.0.1", "0x7f.0.0.1", "2130706433", "10.0.2.2 "],
      ...["10.0.2.2/24", "example.com", ":::", "2001:db8::1::2", "fe80::1%eth0", "[::1]"],
    ]
  ) {
    assertThrows(() => parseAddress(text), SyntaxError, `Cannot read "${text}"`);
  }
});

Deno.test("endpoints have their port after a colon, and IPv6 brackets (RFC 5952 §6)", () => {
  const client = { address: parseAddress("10.0.2.100"), port: 40_000 };
  const target = { address: parseAddress("2001:db8::1"), port: 443 };
  assertEquals(formatEndpoint(client), "10.0.2.100:40000");
  assertEquals(formatEndpoint(target), "[2001:db8::1]:443");
  assertEquals(formatFlow({ protocol: 6, client, target }), "10.0.2.100:40000 > [2001:db8::1]:443");
});
