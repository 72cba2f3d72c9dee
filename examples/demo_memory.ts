/**
 * The demo without a kernel: the guest is a second stack, joined to the first in
 * memory.
 *
 * @module
 */
import {
  Driver,
  Forwarder,
  type ForwarderOptions,
  type GuestResult,
  type IpAddress,
  MemoryLink,
  parseAddress,
  Stack,
} from "../mod.ts";
import { receive } from "./demo_receive.ts";

/** What {@linkcode fetchInMemory} is to do. */
export interface InMemoryOptions {
  readonly guest: string;
  readonly gateway: IpAddress;
  readonly port: number;
  readonly forwarder: ForwarderOptions;
  readonly size: number;
  readonly sha256: string;
}

/** Fetches everything through two stacks and a forwarder. */
export async function fetchInMemory(options: InMemoryOptions): Promise<GuestResult> {
  const [guestLink, hostLink] = MemoryLink.pair({
    mtu: 65520,
    checksumOffload: true,
    maxSegmentation: 65_455,
    cut: false,
  });
  const host = new Stack(hostLink);
  const hostDriver = new Driver(host, hostLink);
  const forwarder = new Forwarder(host, hostDriver, options.forwarder);
  const guest = new Stack(guestLink);
  const guestDriver = new Driver(guest, guestLink);
  const running = [hostDriver.run(), guestDriver.run()];

  const connection = guest.connect(
    { address: parseAddress(options.guest), port: 40_000 },
    { address: options.gateway, port: options.port },
  );
  let wake = () => {};
  guestDriver.attach({
    pump() {
      while (guest.nextConnection()) connection.takeEvents();
      wake();
    },
  });
  guestDriver.kick();
  const isIntact = await receive(
    async (into) => {
      while (connection.readable === 0 && !connection.isAtEnd && !connection.error) {
        await new Promise<void>((resolve) => wake = resolve);
      }
      const count = connection.read(into);
      guestDriver.kick();
      return count > 0 ? count : null;
    },
    options.size,
    options.sha256,
  );

  connection.closeWrite();
  guestDriver.kick();
  while (forwarder.openCount > 0) await new Promise<void>((resolve) => wake = resolve);
  hostDriver.close();
  guestDriver.close();
  await Promise.all(running);
  return {
    status: isIntact ? 0 : 1,
    received: host.received,
    transmitted: host.transmitted,
    drops: host.drops.snapshot(),
  };
}
