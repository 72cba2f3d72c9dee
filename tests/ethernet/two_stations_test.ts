import { assert, assertEquals } from "@std/assert";
import type { Millis } from "../../lib/base/clock.ts";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import type { IpAddress } from "../../lib/ip/address.ts";
import { EthernetLink } from "../../lib/link/ethernet_link.ts";
import { SendResult } from "../../lib/link/link.ts";
import { MemoryLink, type MemoryLinkOptions } from "../../lib/link/memory_link.ts";
import { Stack } from "../../lib/stack/stack.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import { parseAddress } from "../../lib/text/address.ts";
import { Application } from "../harness/application.ts";
import { Content } from "../harness/content.ts";

const MTU = 1500;
const NETWORKS = [
  { address: parseAddress("10.0.2.0"), prefixLength: 24 },
  { address: parseAddress("fd00::"), prefixLength: 64 },
];

/** Two stacks on an Ethernet link, in virtual time. */
class Pair {
  now: Millis = 1000;
  readonly stacks: readonly [Stack, Stack];
  readonly links: readonly [EthernetLink, EthernetLink];
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);

  constructor(options: MemoryLinkOptions = {}) {
    const frames = MemoryLink.pair({ mtu: MTU + 14, capacity: 10_000, ...options });
    const link = (end: 0 | 1) => {
      const addresses = ["10.0.2.", "fd00::", "fe80::"].map((net) => parseAddress(net + (end + 1)));
      const clock = { now: () => this.now };
      const mac = 0x02_00_00_00_00_01 + end;
      return new EthernetLink(frames[end], { clock, mac, addresses, networks: NETWORKS });
    };
    this.links = [link(0), link(1)];
    this.stacks = [new Stack(this.links[0]), new Stack(this.links[1])];
  }

  /** Opens a connection, and lets both ends write and read `total` bytes. */
  transfer(client: IpAddress, server: IpAddress, total: number): void {
    const [up, down] = [new Content(1), new Content(2)];
    const connection = this.stacks[0].connect({ address: client, port: 1 }, {
      address: server,
      port: 80,
    });
    const apply = (connection: Connection, speaks: Content, hears: Content) =>
      new Application(connection, { total }, speaks, hears, this.now);
    const applications = [apply(connection, up, down)];
    while (applications.length < 2 || applications.some(({ isDone }) => !isDone)) {
      const accepted = this.stacks[1].nextRequest()?.accept();
      if (accepted) applications.push(apply(accepted, down, up));
      const isBusy = applications.map((application) => application.step(this.now)).includes(true);
      if (this.#exchange() || isBusy) continue;
      if (this.#exchange() || this.#exchange()) continue; // links talk before packets arrive
      const deadlines = this.stacks.map(({ nextDeadline }) => nextDeadline);
      this.now = Math.min(...deadlines, ...applications.map(({ nextDue }) => nextDue));
      assert(this.now < 10_000, "everything has come to a halt");
    }
    assertEquals(applications.map(({ read }) => read), [total, total]);
  }

  #exchange(): boolean {
    let isActive = false;
    for (const end of [0, 1] as const) {
      const [stack, link, packet] = [this.stacks[end], this.links[end], this.#packet];
      stack.advance(this.now);
      for (; link.receive(packet); isActive = true) stack.receive(packet, this.now);
      for (; stack.transmit(packet, this.now); isActive = true) {
        assertEquals(link.send(packet), SendResult.Sent);
      }
    }
    return isActive;
  }
}

for (
  const [family, client, server] of [
    ["IPv4", "10.0.2.1", "10.0.2.2"],
    ["IPv6", "fd00::1", "fd00::2"],
  ] as const
) {
  for (
    const [how, options] of [
      ["", {}],
      [", in super-segments", { checksumOffload: true, maxSegmentation: 60_000, cut: false }],
    ] as const
  ) {
    Deno.test(`Two stations find each other and talk over ${family}${how} (E-02, 6-12)`, () => {
      const pair = new Pair(options);
      pair.transfer(parseAddress(client), parseAddress(server), 1_000_000);
      for (const { drops } of pair.links) assertEquals(drops.snapshot(), {});
      for (const { drops } of pair.stacks) assertEquals(drops.snapshot(), {});
    });
  }
}
