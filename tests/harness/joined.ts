/**
 * A guest in memory with one connection to a target, by way of a splice.
 *
 * @module
 */
import type { FlowObserver } from "../../lib/forward/observer.ts";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import { dialerOf, FakeTarget, MemoryGuest } from "./memory_guest.ts";
import { SocketTarget } from "./socket_target.ts";

/** Of each direction of a connection of the stack. */
export const BUFFER = 262_144;
/** The same at the guest. */
export const GUEST_BUFFER = 65_536;

/** What is joined by promises, and what by events. Both have to do the same. */
export type Kind = "promises" | "events";

/** A guest with one connection to a target of that kind. */
export function joined(kind: Kind) {
  return joinedTo(
    kind === "promises" ? new FakeTarget() : new SocketTarget({ buffers: 4096 }),
  );
}

/** A guest with one connection to `target`, which ends with it; `tcp` is for the stack between. */
export async function joinedTo<T extends FakeTarget | SocketTarget>(
  target: T,
  tcp: TcpOptions = {},
) {
  const ends: string[] = [];
  const over = Promise.withResolvers<void>();
  const observer: FlowObserver = {
    opened: () => {},
    refused: (_flow, how, reason) => ends.push(`${how}: ${reason}`),
    closed: (_flow, end, up, down) => {
      ends.push(`${end}, ${up} up, ${down} down`);
      over.resolve();
    },
  };
  const dialer = target instanceof FakeTarget ? dialerOf(target) : undefined;
  const address = target instanceof SocketTarget ? target.address : undefined;
  const guest = new MemoryGuest(dialer, {
    observer,
    tcp: { sendBuffer: BUFFER, receiveBuffer: BUFFER, ...tcp },
    guestBuffer: GUEST_BUFFER,
    policy: {
      decide: ({ target: { port } }) => ({
        kind: "allow",
        target: { hostname: "", port, ...(address && { address }) },
      }),
    },
  });
  const client = await guest.established(target instanceof SocketTarget ? target.port : 80);
  if (target instanceof SocketTarget) await target.until(() => target.accepted === 1);
  return {
    target,
    guest,
    client,
    ends,
    over: over.promise,
    [Symbol.asyncDispose]: async () => {
      await guest[Symbol.asyncDispose]();
      if (target instanceof SocketTarget) await target[Symbol.asyncDispose]();
    },
  };
}
