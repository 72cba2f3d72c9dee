/**
 * The header of an ICMP message, the same for both versions.
 *
 *     | type | code | checksum | the rest, by type | body |
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc792 | RFC 792}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443#section-2.1 | RFC 4443 §2.1}
 * @module
 */
import { addWords, fold } from "../base/checksum.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { type IpHeader, IpProtocol, pseudoHeaderSum } from "../ip/header.ts";

/** Bytes in front of the body; an error's body is the packet that it quotes. */
export const ICMP_HEADER_LENGTH = 8;

/** The checksum of the message in a packet with the header `ip`; 0 when it is there and right. */
export function icmpChecksum(ip: IpHeader, { view, start, end }: PacketBuffer): number {
  // Only ICMPv6 covers the addresses (RFC 4443 §2.3).
  const pseudo = ip.protocol === IpProtocol.Icmpv6 ? pseudoHeaderSum(ip, end - start) : 0;
  return fold(addWords(view, start, end, pseudo));
}

/** Prepends the header of a message to its body in `packet`; `ip` has to be filled in. */
export function writeIcmp(
  packet: PacketBuffer,
  ip: IpHeader,
  type: number,
  code: number,
  rest = 0,
): void {
  const { view } = packet;
  const at = packet.prepend(ICMP_HEADER_LENGTH);
  view.setUint8(at, type);
  view.setUint8(at + 1, code);
  view.setUint16(at + 2, 0);
  view.setUint32(at + 4, rest);
  view.setUint16(at + 2, icmpChecksum(ip, packet));
}
