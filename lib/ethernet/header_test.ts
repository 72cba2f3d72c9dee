import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import {
  BROADCAST,
  ETHERNET_HEADER_LENGTH,
  EthernetHeader,
  EtherType,
  isGroupAddress,
  parseEthernet,
  writeEthernet,
} from "./header.ts";

const ARP_REQUEST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0x12, 0x34, 0x56, 0x08, 0x06];

function packetOf(bytes: readonly number[]): PacketBuffer {
  const packet = new PacketBuffer(256);
  packet.clear(64);
  packet.bytes.set(bytes, packet.append(bytes.length));
  return packet;
}

Deno.test("parseEthernet() reads the fields and leaves the payload", () => {
  const header = new EthernetHeader();
  const packet = packetOf([...ARP_REQUEST, 1, 2, 3]);
  assertEquals(parseEthernet(header, packet), Drop.None);
  assertEquals(header.destination, BROADCAST);
  assertEquals(header.source, 0x02_00_00_12_34_56);
  assertEquals(header.type, EtherType.Arp);
  assertEquals([...packet.bytes.subarray(packet.start, packet.end)], [1, 2, 3]);
});

Deno.test("parseEthernet() drops what is too short, and frames of IEEE 802.3", () => {
  const header = new EthernetHeader();
  assertEquals(parseEthernet(header, packetOf(ARP_REQUEST.slice(0, 13))), Drop.Truncated);
  const withLength = [...ARP_REQUEST.slice(0, 12), 0x05, 0xdc];
  assertEquals(parseEthernet(header, packetOf(withLength)), Drop.Malformed);
});

Deno.test("writeEthernet() writes what parseEthernet() reads", () => {
  const mac = fc.integer({ min: 0, max: BROADCAST });
  const type = fc.integer({ min: 0x600, max: 0xffff });
  fc.assert(fc.property(mac, mac, type, (destination, source, type) => {
    const packet = packetOf([9]);
    writeEthernet(Object.assign(new EthernetHeader(), { destination, source, type }), packet);
    assertEquals(packet.length, ETHERNET_HEADER_LENGTH + 1);
    const header = new EthernetHeader();
    assertEquals(parseEthernet(header, packet), Drop.None);
    assertEquals({ ...header }, { destination, source, type });
  }));
});

Deno.test("isGroupAddress() looks at the lowest bit of the first byte", () => {
  assertEquals(isGroupAddress(BROADCAST), true);
  assertEquals(isGroupAddress(0x33_33_00_00_00_01), true);
  assertEquals(isGroupAddress(0x02_00_00_12_34_56), false);
});
