import { assertEquals } from "@std/assert";
import {
  AddressField,
  AddressKind,
  addressKind,
  copyAddress,
  ipv4,
  isIpv4,
  sameAddress,
} from "./address.ts";

Deno.test("Each IPv4 address has its kind, to the edges of the blocks (H-19)", () => {
  const kinds: readonly [number, AddressKind][] = [
    [0x00000000, AddressKind.Unspecified],
    [0x00ffffff, AddressKind.Unspecified],
    [0x01000000, AddressKind.Unicast],
    [0x0a000002, AddressKind.Unicast],
    [0x7effffff, AddressKind.Unicast],
    [0x7f000000, AddressKind.Loopback],
    [0x7fffffff, AddressKind.Loopback],
    [0x80000000, AddressKind.Unicast],
    [0xa9fdffff, AddressKind.Unicast],
    [0xa9fe0000, AddressKind.LinkLocal],
    [0xa9fea9fe, AddressKind.LinkLocal],
    [0xa9feffff, AddressKind.LinkLocal],
    [0xa9ff0000, AddressKind.Unicast],
    [0xdfffffff, AddressKind.Unicast],
    [0xe0000000, AddressKind.Multicast],
    [0xefffffff, AddressKind.Multicast],
    [0xf0000000, AddressKind.Reserved],
    [0xffffffff, AddressKind.Reserved],
  ];
  for (const [bits, kind] of kinds) assertEquals(addressKind(ipv4(bits)), kind, bits.toString(16));
});

Deno.test("Each IPv6 address has its kind", () => {
  const kinds: readonly [readonly [number, number, number, number], AddressKind][] = [
    [[0, 0, 0, 0], AddressKind.Unspecified],
    [[0, 0, 0, 1], AddressKind.Loopback],
    [[0, 0, 0, 2], AddressKind.Unicast],
    [[0, 0, 1, 0], AddressKind.Unicast],
    [[0x2001_0db8, 0, 0, 1], AddressKind.Unicast],
    [[0xfe7fffff | 0, -1, -1, -1], AddressKind.Unicast],
    [[0xfe800000 | 0, 0, 0, 1], AddressKind.LinkLocal],
    [[0xfebfffff | 0, -1, -1, -1], AddressKind.LinkLocal],
    [[0xfec00000 | 0, 0, 0, 0], AddressKind.Unicast],
    [[0xff000000 | 0, 0, 0, 0], AddressKind.Multicast],
    [[-1, -1, -1, -1], AddressKind.Multicast],
  ];
  for (const [[w0, w1, w2, w3], kind] of kinds) {
    assertEquals(addressKind({ w0, w1, w2, w3 }), kind, [w0, w1, w2, w3].join());
  }
});

Deno.test("An IPv4 address is in its mapped form", () => {
  assertEquals(ipv4(0xc0a80001), { w0: 0, w1: 0, w2: 0xffff, w3: 0xc0a80001 | 0 });
  assertEquals(isIpv4(ipv4(1)), true);
  assertEquals(isIpv4({ w0: 0, w1: 0, w2: 0, w3: 1 }), false);
  assertEquals(isIpv4({ w0: 1, w1: 0, w2: 0xffff, w3: 1 }), false);
});

Deno.test("Addresses are the same when all of their words are", () => {
  const address = { w0: 1, w1: 2, w2: 3, w3: 4 };
  assertEquals(sameAddress(address, { ...address }), true);
  for (const word of ["w0", "w1", "w2", "w3"]) {
    assertEquals(sameAddress(address, { ...address, [word]: 9 }), false);
  }
});

Deno.test("A copy of an address does not change when the field does", () => {
  const field = new AddressField();
  field.assignIpv4(0xc0a80001);
  const copy = copyAddress(field);
  field.assign({ w0: 1, w1: 2, w2: 3, w3: 4 });
  assertEquals(copy, ipv4(0xc0a80001));
  assertEquals(copyAddress(field), { w0: 1, w1: 2, w2: 3, w3: 4 });
});
