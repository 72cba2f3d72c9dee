import { assertEquals } from "@std/assert";
import { formatAddress, parseAddress } from "../text/address.ts";
import { isInPrefix, networkAddress } from "./prefix.ts";

const CASES: readonly [address: string, network: string, prefixLength: number, isIn: boolean][] = [
  ["10.0.2.100", "10.0.2.0", 24, true],
  ["10.0.3.100", "10.0.2.0", 24, false],
  ["10.0.3.100", "10.0.2.2", 23, true],
  ["192.0.2.1", "10.0.2.0", 0, true],
  ["10.0.2.1", "10.0.2.1", 32, true],
  ["10.0.2.0", "10.0.2.1", 32, false],
  ["200.0.0.1", "128.0.0.0", 1, true],
  ["fd00::100", "fd00::", 64, true],
  ["fd00:0:0:1::100", "fd00::", 64, false],
  ["fd00:0:0:1::100", "fd00::", 63, true],
  ["fd00::1", "fd00::1", 128, true],
  ["fd00::2", "fd00::1", 128, false],
  ["febf::1", "fe80::", 10, true],
  ["fec0::1", "fe80::", 10, false],
  ["2001:db8::1", "::", 0, true],
  ["10.0.2.1", "::", 0, false],
  ["::1", "0.0.0.0", 0, false],
];

for (const [address, network, prefixLength, isIn] of CASES) {
  Deno.test(`${address} is ${isIn ? "" : "not "}in ${network}/${prefixLength}`, () => {
    const prefix = { address: parseAddress(network), prefixLength };
    assertEquals(isInPrefix(parseAddress(address), prefix), isIn);
  });
}

for (
  const [address, prefixLength, network] of [
    ["10.0.2.100", 24, "10.0.2.0"],
    ["10.0.3.100", 23, "10.0.2.0"],
    ["10.0.2.100", 32, "10.0.2.100"],
    ["255.255.255.255", 1, "128.0.0.0"],
    ["10.0.2.100", 0, "0.0.0.0"],
    ["fd00::2", 64, "fd00::"],
    ["fd00::1ff", 119, "fd00::"],
    ["fd00::2ff", 119, "fd00::200"],
    ["fd00::2", 128, "fd00::2"],
    ["ffff::2", 1, "8000::"],
    ["fd00::2", 0, "::"],
  ] as const
) {
  Deno.test(`${address}/${prefixLength} is in the network ${network}`, () => {
    const found = networkAddress({ address: parseAddress(address), prefixLength });
    assertEquals(formatAddress(found), network);
  });
}
