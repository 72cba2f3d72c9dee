/**
 * How long it takes to recover, in round trips: what is lost must not cost a
 * timeout as long as there is any sign of it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Clock, Millis } from "../../lib/base/clock.ts";
import type { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SendResult } from "../../lib/link/link.ts";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import type { Script } from "../harness/application.ts";
import { type Decorate, World, type WorldResult } from "../harness/world.ts";

const DELAY: Millis = 10;
const ROUND_TRIP = 2 * DELAY;

interface Transfer {
  readonly mtu?: number;
  readonly offload?: boolean;
  readonly total?: number;
  readonly tcp?: TcpOptions;
  readonly reader?: Partial<Script>;
}

/** Sends `total` bytes to the server over a link on which `decorate` loses packets. */
function transfer(
  { mtu = 1500, offload = false, total = 500_000, reader = {}, ...options }: Transfer,
  decorate: Decorate = (link) => link,
): WorldResult {
  const tcp = { initialReceiveBuffer: 1_048_576, ...options.tcp }; // the window is not what limits
  const world = new World({
    seed: 1,
    client: { mtu, tcp, script: { total } },
    server: { mtu, tcp, script: { total: 0, ...reader } },
    offload,
    up: { delay: DELAY },
    down: { delay: DELAY },
  }, decorate);
  return world.run();
}

/** Loses the packets that the client sends, as the faults count them, with these numbers. */
function losing(isLost: (number: number, packet: PacketBuffer) => boolean): Decorate {
  return (link, end) => {
    if (end !== 1) return link;
    let number = 0;
    return new Proxy(link, {
      get: (target, property) => {
        if (property === "receive") {
          return (packet: PacketBuffer) => {
            while (target.receive(packet)) if (!isLost(number++, packet)) return true;
            return false;
          };
        }
        const value = Reflect.get(target, property, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
}

/** The longest that the reader had to wait, in round trips, when `isLost` says what gets lost. */
function stall(
  options: Transfer,
  isLost: (number: number, packet: PacketBuffer) => boolean,
): number {
  return transfer(options, losing(isLost)).longestStall / ROUND_TRIP;
}

/** Number 0 is the SYN, 1 the first segment of data. */
const ANY = 20;

for (const sack of [true, false]) {
  const tcp = { sack };
  const how = sack ? "with SACK (RFC 6675 §5)" : "without SACK (RFC 6582 §3.2)";

  Deno.test(`TCP recovers from one lost segment in a round trip ${how}`, () => {
    const trips = stall({ tcp }, (number) => number === ANY);
    assert(trips <= 1.6, `${trips} round trips`);
  });

  Deno.test(`TCP recovers from a loss among few in flight without a timeout ${how}`, () => {
    const mtu = 65_520;
    const payload = mtu - 40 - 12;
    for (let inFlight = 2; inFlight <= 5; inFlight++) {
      const total = (1 + inFlight) * payload; // the first window takes only one segment
      for (let lost = 2; lost <= inFlight; lost++) {
        const trips = stall({ mtu, total, tcp }, (number) => number === lost);
        // RACK gives what was overtaken a quarter of a round trip (RFC 8985 §6.2, step 4).
        assert(
          trips <= (sack ? 2.25 : 2),
          `${trips} round trips when ${lost - 1} of ${inFlight} is lost`,
        );
      }
    }
  });

  Deno.test(`TCP recovers from a loss of three in flight, limited by the window, ${how}`, () => {
    const trips = stall(
      { mtu: 65_520, total: 2_000_000, tcp: { ...tcp, receiveBuffer: 200_000 } },
      (number) => number === 8,
    );
    assert(trips <= (sack ? 2.25 : 2), `${trips} round trips`);
  });
}

Deno.test("TCP recovers from the loss of all wire packets of a super-segment in two round trips", () => {
  const trips = stall({ offload: true }, (number) => number >= ANY && number < ANY + 45);
  assert(trips <= 2, `${trips} round trips`);
});

Deno.test("TCP recovers from the loss of every tenth packet of a window in two round trips", () => {
  const trips = stall({}, (number) => number > 50 && number < 150 && number % 10 === 5);
  assert(trips <= 2, `${trips} round trips`);
});

Deno.test("TCP recovers from every second packet lost, a hole for each, in a few round trips", () => {
  const trips = stall(
    { total: 300_000 },
    (number) => number > 50 && number < 150 && number % 2 === 0,
  );
  assert(trips <= 4, `${trips} round trips`);
});

Deno.test("TCP recovers from the loss of a retransmission while there is new data (Linux does)", () => {
  let lost: number | undefined;
  let copies = 0;
  const trips = stall({ total: 2_000_000 }, (number, packet) => {
    const seq = packet.view.getUint32(packet.start + 24);
    if (number === ANY) lost = seq;
    return seq === lost && ++copies <= 2;
  });
  assert(trips <= 4, `${trips} round trips`);
});

Deno.test("TCP needs no more than a timeout for a loss at the end", () => {
  const { lastRead } = transfer({ total: 20_000 }, losing((number) => number === 14));
  assert(lastRead <= 200 + 5 * ROUND_TRIP, `${lastRead} ms`);
});

Deno.test("TCP resumes in a round trip when a closed window opens", () => {
  const pause = 5000;
  const tcp = { receiveBuffer: 65_536 };
  const still = transfer({ tcp }).lastRead;
  const { lastRead } = transfer({ tcp, reader: { readAfter: pause } });
  assert(lastRead - pause <= still + ROUND_TRIP, `${lastRead - pause} against ${still} ms`);
});

Deno.test("TCP finds out that a window has opened although the packet that said so was lost", () => {
  let isOpen = false;
  const lossy: Decorate = (link, end, clock: Clock) => {
    if (end !== 1) return link;
    const send = link.send.bind(link);
    link.send = (packet) => {
      if (isOpen || clock.now() < 6000) return send(packet);
      isOpen = true;
      return SendResult.Sent;
    };
    return link;
  };
  const { lastRead } = transfer({
    tcp: { receiveBuffer: 65_536 },
    total: 300_000,
    reader: { readAfter: 5000 },
  }, lossy);
  assertEquals(isOpen, true);
  assert(lastRead < 13_000, `${lastRead} ms`); // the probes are 0.2 to 6.4 s apart by then
});

Deno.test("TCP does not send more packets than data and its losses ask for", () => {
  const { packets } = transfer({});
  const segments = Math.ceil(500_000 / 1448);
  assert(packets <= 2 * segments + 20, `${packets} packets for ${segments} segments`);
});

Deno.test("TCP writes small pieces without a packet for each when it uses Nagle's algorithm", () => {
  const world = new World({
    seed: 1,
    client: { mtu: 1500, tcp: { nagle: true }, script: { total: 10_000, writeChunk: 10 } },
    server: { mtu: 1500, tcp: {}, script: { total: 0 } },
    offload: false,
    up: { delay: DELAY },
    down: { delay: DELAY },
  });
  const { packets } = world.run();
  assert(packets < 40, `${packets} packets`);
});
