import { assert, assertEquals } from "@std/assert";
import type { Millis } from "../../lib/base/clock.ts";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { ipv4 } from "../../lib/ip/address.ts";
import { MemoryLink } from "../../lib/link/memory_link.ts";
import { SendResult } from "../../lib/link/link.ts";
import { Stack } from "../../lib/stack/stack.ts";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import { Application, type Script } from "../harness/application.ts";
import { Content } from "../harness/content.ts";

const CONNECTIONS = 1000;
const MTU = 1500;
/** What each direction of a connection may hold beside the budget: a segment, or a page. */
const GUARANTEE = 4096;
const LONGEST: Millis = 3_600_000;

/** Two stacks with many connections, in virtual time; the server's memory is small. */
class Crowd {
  now: Millis = 1000;
  readonly server: Stack;
  readonly #links: readonly [MemoryLink, MemoryLink];
  readonly #stacks: readonly [Stack, Stack];
  readonly #applications: Application[] = [];
  readonly #script: Script;
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);

  constructor(tcp: TcpOptions, client: Script, server: Script) {
    this.#links = MemoryLink.pair({ mtu: MTU, capacity: 100_000 });
    this.server = new Stack(this.#links[1], { random: new SeededRandom(2), tcp });
    this.#stacks = [new Stack(this.#links[0], { random: new SeededRandom(1) }), this.server];
    this.#script = server;
    for (let port = 1; port <= CONNECTIONS; port++) {
      const connection = this.#stacks[0].connect(
        { address: ipv4(0x0a00_0001), port },
        { address: ipv4(0x0a00_0002), port: 80 },
      );
      const [speaks, hears] = [new Content(port), new Content(~port)];
      this.#applications.push(new Application(connection, client, speaks, hears, this.now));
    }
  }

  /** Runs until every application has sent and read everything. */
  run(): void {
    while (this.#applications.length < 2 * CONNECTIONS || this.#applications.some(isBusy)) {
      if (this.#step()) continue;
      const deadlines = this.#stacks.map(({ nextDeadline }) => nextDeadline);
      const next = Math.min(...deadlines, ...this.#applications.map(({ nextDue }) => nextDue));
      assert(next < LONGEST, `stuck at ${this.now} ms: ${JSON.stringify(this.server.memory)}`);
      this.now = Math.max(this.now, next);
    }
  }

  #step(): boolean {
    let isActive = false;
    for (const end of [0, 1] as const) {
      const [stack, link, packet] = [this.#stacks[end], this.#links[end], this.#packet];
      stack.advance(this.now);
      while (link.receive(packet)) {
        stack.receive(packet, this.now);
        isActive = true;
      }
      while (stack.transmit(packet, this.now)) {
        assertEquals(link.send(packet), SendResult.Sent);
        isActive = true;
      }
    }
    this.#accept();
    for (const application of this.#applications) isActive = application.step(this.now) || isActive;
    return isActive;
  }

  #accept(): void {
    for (let next = this.server.nextRequest(); next; next = this.server.nextRequest()) {
      const connection = next.accept();
      if (!connection) continue;
      const { port } = next.flow.client;
      const [speaks, hears] = [new Content(~port), new Content(port)];
      this.#applications.push(
        new Application(connection, this.#script, speaks, hears, this.now),
      );
    }
  }
}

function isBusy(application: Application): boolean {
  return !application.isDone;
}

for (const maxMemory of [0, 2_000_000]) {
  Deno.test(`A thousand connections get everything across ${maxMemory} bytes of memory (D-06)`, () => {
    const total = 40_000;
    const crowd = new Crowd(
      { maxMemory },
      { total, readChunk: 4096 },
      { total, readChunk: 3000, readPause: 7, readAfter: 500 },
    );
    crowd.run();
    const { most, used } = crowd.server.memory;
    assert(most <= maxMemory + 2 * CONNECTIONS * GUARANTEE, `${most} bytes`);
    assert(used <= most);
  });
}

Deno.test("A thousand idle connections hold no memory (D-06)", () => {
  const crowd = new Crowd({}, { total: 1000 }, { total: 1000 });
  crowd.run();
  assertEquals(crowd.server.flowCount > 0, true);
  for (let second = 0; second < 5; second++) {
    crowd.now += 1000;
    crowd.server.advance(crowd.now);
  }
  assertEquals(crowd.server.memory.used, 0);
});
