/**
 * ICMP errors of all types, of both versions, with any MTU.
 *
 * @module
 */
import type { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import type { SeededRandom } from "../../lib/base/random.ts";
import { writeIcmp } from "../../lib/icmp/header.ts";
import { IpHeader, IpProtocol } from "../../lib/ip/header.ts";
import { writeIpv4 } from "../../lib/ip/ipv4_header.ts";
import { writeIpv6 } from "../../lib/ip/ipv6_header.ts";
import { fromWireAddress, type WireAddress } from "../harness/wire.ts";

/** Makes of `packet`, which is what is quoted, an ICMP packet between these addresses. */
export function prependIcmpError(
  random: SeededRandom,
  packet: PacketBuffer,
  source: WireAddress,
  destination: WireAddress,
): void {
  const isIpv6 = typeof source === "bigint";
  const types = isIpv6 ? [1, 1, 2, 2, 3, 4, 100, 136] : [3, 3, 3, 4, 5, 11, 12, 13];
  const type = [...types, random.below(256)][random.below(9)]!;
  const code = random.below(2) ? 4 : random.below(16);
  const mtu = [0, 1, 68, 296, 576, 1280, 1400, 9000, 65_535][random.below(9)]!;
  const header = new IpHeader();
  header.protocol = isIpv6 ? IpProtocol.Icmpv6 : IpProtocol.Icmp;
  header.source.assign(fromWireAddress(source));
  header.destination.assign(fromWireAddress(destination));
  writeIcmp(packet, header, type, code, mtu);
  if (isIpv6) writeIpv6(header, packet);
  else writeIpv4(header, packet);
}
