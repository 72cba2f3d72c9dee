/**
 * ICMP errors of all types, with any MTU.
 *
 * @module
 */
import type { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import type { SeededRandom } from "../../lib/base/random.ts";
import { writeIcmp } from "../../lib/icmp/header.ts";
import { IpHeader, IpProtocol } from "../../lib/ip/header.ts";
import { writeIpv4 } from "../../lib/ip/ipv4_header.ts";

/** Makes of `packet`, which is what is quoted, an ICMP packet between these IPv4 addresses. */
export function prependIcmpError(
  random: SeededRandom,
  packet: PacketBuffer,
  source: number,
  destination: number,
): void {
  const type = [3, 3, 3, 4, 5, 11, 12, 13, random.below(256)][random.below(9)]!;
  const code = random.below(2) ? 4 : random.below(16);
  const mtu = [0, 1, 68, 296, 576, 1400, 9000, 65_535][random.below(8)]!;
  const header = new IpHeader();
  header.protocol = IpProtocol.Icmp;
  header.source.assignIpv4(source);
  header.destination.assignIpv4(destination);
  writeIcmp(packet, header, type, code, mtu);
  writeIpv4(header, packet);
}
