import { assertEquals } from "@std/assert";
import { parseAddress } from "../text/address.ts";
import { isInPrefix } from "./prefix.ts";

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
