/**
 * Two of our stacks, joined by a MemoryLink.
 *
 * @module
 */
import { TwoStacks, WIDE_LINK } from "../../two_stacks.ts";
import type { JoinedStacks, PacketSize } from "./joined.ts";

/** Joins two of our stacks. */
export function joinHeadgate(size: PacketSize): JoinedStacks {
  const stacks = new TwoStacks(size === "largest" ? WIDE_LINK : { mtu: 1500 });
  const [client, server] = stacks.connect();
  const byte = new Uint8Array(1), answer = new Uint8Array(1);
  return {
    pass: (data, into) => stacks.pass(client, server, data, into),
    ask() {
      stacks.pass(client, server, byte, answer);
      stacks.pass(server, client, byte, answer);
    },
    connect() {
      const [one, other] = stacks.connect();
      stacks.pass(one, other, byte, answer);
      stacks.close(one, other);
    },
  };
}
