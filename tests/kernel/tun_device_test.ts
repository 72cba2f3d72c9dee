import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { TunDevice, type TunOptions, VNET_HEADER_LENGTH, WriteResult } from "../../lib/ffi_tun.ts";
import { SystemError } from "../../lib/ffi/system_error.ts";
import { UdpSocket } from "../../lib/ffi/udp_socket.ts";
import { EndpointField } from "../../lib/ip/flow.ts";
import { isPrivileged } from "../../lib/namespace/checks.ts";
import { prepareGuest } from "../../lib/namespace/guest.ts";
import { arp, join } from "../harness/frames.ts";
import { at } from "../udp/peer.ts";
import { lacking, within } from "./harness.ts";

/** Registers a test that makes interfaces where it runs, which takes root. */
function rootTest(name: string, body: () => Promise<void> | void): void {
  const reason = isPrivileged() ? lacking : "not root";
  const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
  Deno.test({
    name: name + skipped,
    ignore: reason !== undefined,
    fn: () => within(10_000, Promise.resolve(body())),
  });
}

/** Opens a device that nobody else has, for as long as `body` runs. */
async function withTun(
  body: (tun: TunDevice) => Promise<void> | void,
  options: Partial<TunOptions> = {},
): Promise<void> {
  const tun = TunDevice.open({ name: "hgtest%d", offload: true, ...options });
  try {
    await body(tun);
  } finally {
    tun.close();
  }
}

function ip(...args: string[]): void {
  const { success, stderr } = new Deno.Command("ip", { args, stderr: "piped" }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

const frame = new Uint8Array(VNET_HEADER_LENGTH + 20);
frame[VNET_HEADER_LENGTH] = 0x45;

rootTest("A TUN device has the name that the kernel gave it, and offload", () =>
  withTun((tun) => {
    assertMatch(tun.name, /^hgtest\d+$/);
    assertEquals(tun.offload, true);
  }));

rootTest(
  "A TUN device has no offload if none is wanted",
  () => withTun((tun) => assertEquals(tun.offload, false), { offload: false }),
);

rootTest("A TUN device says that its name is in use, and by what", () =>
  withTun((tun) => {
    const inUse = assertThrows(
      () => TunDevice.open({ name: tun.name, offload: true }),
      SystemError,
      `Cannot make the TUN device "${tun.name}": its name is in use; choose another`,
    );
    assertEquals([inUse.code, inUse.call], ["EBUSY", "ioctl(TUNSETIFF)"]);
    const other = () => TunDevice.open({ name: "lo", offload: true });
    assertThrows(other, SystemError, "or one of another kind has it");
  }));

rootTest("A TUN device refuses a name that is empty or too long", () => {
  for (const name of ["", "sixteen-bytes-xx"]) {
    assertThrows(() => TunDevice.open({ name, offload: true }), RangeError, "1 to 15 bytes");
  }
});

rootTest("A TUN device says that there is no driver, and what to do", () => {
  const error = assertThrows(
    () => TunDevice.open({ name: "hgtest%d", offload: true, path: "/nonexistent" }),
    SystemError,
  );
  assertStringIncludes(error.message, "Cannot open /nonexistent: it does not exist; load");
});

rootTest(
  "A TUN device reads nothing when there is nothing",
  () => withTun((tun) => assertEquals(tun.read(new Uint8Array(100)), 0)),
);

rootTest(
  "A TUN device refuses what is no frame, and any while its interface is down",
  () =>
    withTun((tun) => {
      assertEquals(tun.write(new Uint8Array(5)), WriteResult.Refused);
      assertEquals(tun.write(frame), WriteResult.Refused);
      ip("link", "set", tun.name, "up");
      assertEquals(tun.write(new Uint8Array(5)), WriteResult.Refused);
      assertEquals(tun.write(frame), WriteResult.Taken);
    }),
);

rootTest(
  "A TUN device waits until it is woken, also by a call that came before",
  () =>
    withTun(async (tun) => {
      const waiting = tun.wait(Infinity, false);
      tun.wake();
      await waiting;
      tun.wake();
      await tun.wait(Infinity, false);
    }),
);

rootTest(
  "A TUN device waits for its timeout, and no longer for a wake that is over",
  () =>
    withTun(async (tun) => {
      tun.wake();
      await tun.wait(Infinity, false);
      const start = performance.now();
      await tun.wait(20, false);
      assertEquals(performance.now() - start >= 19, true);
    }),
);

rootTest(
  "A TUN device that is up is writable at once when there is room",
  () =>
    withTun((tun) => {
      ip("link", "set", tun.name, "addrgenmode", "none"); // so that there is nothing to read
      ip("link", "set", tun.name, "up");
      return tun.wait(Infinity, true);
    }),
);

rootTest(
  "A TUN device that is looked at says whether there is something, and keeps it",
  () =>
    withTun((tun) => {
      ip("link", "set", tun.name, "addrgenmode", "none");
      ip("link", "set", tun.name, "up");
      ip("address", "add", "198.51.100.2/24", "dev", tun.name); // RFC 5737
      const bytes = new Uint8Array(2000);
      assertEquals([tun.look(0, false), tun.read(bytes)], [false, 0]);
      assertEquals(tun.look(10_000, true), true); // there is room to write, and nothing to read
      assertEquals([tun.look(0, false), tun.read(bytes)], [false, 0]);
      const socket = UdpSocket.open(4);
      try {
        for (const length of [1, 2]) {
          assertEquals(socket.send(at("198.51.100.1", 7), new Uint8Array(length), length), 0);
        }
        const frame = VNET_HEADER_LENGTH + 28;
        assertEquals([tun.look(10_000, false), tun.look(0, false)], [true, true]);
        assertEquals([tun.read(bytes), tun.read(bytes)], [frame + 1, frame + 2]);
        assertEquals([tun.read(bytes), tun.look(0, false)], [0, false]);
        // What comes after a look in vain is read after the next.
        socket.send(at("198.51.100.1", 7), new Uint8Array(3), 3);
        assertEquals([tun.read(bytes), tun.look(0, false)], [0, true]);
        assertEquals(tun.read(bytes), frame + 3);
        tun.wake();
        assertEquals([tun.look(10_000, false), tun.look(0, false)], [true, false]);
      } finally {
        socket.close();
      }
    }),
);

rootTest("A persistent TUN device is there after it was closed", () =>
  withTun((tun) => {
    tun.close();
    ip("link", "delete", tun.name);
  }, { persistent: true }));

rootTest(
  "A TUN device may be closed while somebody waits, and again",
  () =>
    withTun(async (tun) => {
      const waiting = tun.wait(Infinity, false);
      tun.close();
      tun.close();
      await waiting;
      await tun.wait(Infinity, false);
      tun.wake();
      assertThrows(() => ip("link", "show", tun.name), Error, "does not exist");
    }),
);

rootTest(
  "A TUN device that is taken away ends a wait, then throws and says that it is gone",
  () =>
    withTun(async (tun) => {
      const waiting = tun.wait(Infinity, false);
      ip("link", "delete", tun.name);
      await waiting;
      assertEquals(tun.write(frame), WriteResult.Gone);
      assertThrows(() => tun.read(new Uint8Array(100)), SystemError, "read answers EBADFD");
    }),
);

rootTest(
  "A TUN device gathers a frame from its head and from a ring, wherever it wraps",
  () =>
    withTun(async (tun) => {
      ip("link", "set", tun.name, "addrgenmode", "none");
      ip("link", "set", tun.name, "up");
      ip("address", "add", "198.51.100.2/24", "dev", tun.name); // RFC 5737
      const socket = UdpSocket.open(4);
      try {
        const question = Uint8Array.from({ length: 500 }, (_, i) => i);
        assertEquals(socket.send(at("198.51.100.1", 7), question, question.length), 0);
        const bytes = new Uint8Array(2000);
        let length = 0;
        for (; length === 0; length = tun.read(bytes)) await tun.wait(Infinity, false);
        bytes.fill(0, 0, VNET_HEADER_LENGTH);
        answerDatagram(bytes.subarray(VNET_HEADER_LENGTH, length));
        const head = bytes.subarray(0, VNET_HEADER_LENGTH + 28 + 1);
        const rest = bytes.subarray(head.length, length);
        for (const start of [0, 100, 600 - rest.length, 599]) {
          const ring = new Uint8Array(600).fill(0xff);
          rest.forEach((byte, i) => ring[(start + i) % ring.length] = byte);
          assertEquals(tun.gather(head, ring, start, rest.length), WriteResult.Taken);
          const answer = new Uint8Array(2000);
          let count = -1;
          while (count < 0) {
            count = socket.receive(answer, new EndpointField());
            if (count < 0) await tun.wait(1, false);
          }
          assertEquals(answer.subarray(0, count), question);
        }
      } finally {
        socket.close();
      }
    }),
);

rootTest("A TAP device carries frames, and is no TUN device", () =>
  withTun(async (tap) => {
    ip("link", "set", tap.name, "addrgenmode", "none", "address", "02:00:00:00:00:64");
    ip("link", "set", tap.name, "up");
    ip("address", "add", "192.0.2.2/24", "dev", tap.name); // RFC 5737
    const question = arp({ from: "02:00:00:00:00:01", sender: "192.0.2.1", target: "192.0.2.2" });
    assertEquals(tap.write(join(new Uint8Array(VNET_HEADER_LENGTH), question)), WriteResult.Taken);
    const bytes = new Uint8Array(2000);
    let length = 0;
    for (; length === 0; length = tap.read(bytes)) await tap.wait(Infinity, false);
    const answer = arp({
      operation: 2,
      from: "02:00:00:00:00:64",
      to: "02:00:00:00:00:01",
      sender: "192.0.2.2",
      target: "192.0.2.1",
    });
    assertEquals(bytes.slice(VNET_HEADER_LENGTH, length), answer);
    const other = () => TunDevice.open({ name: tap.name, offload: true });
    assertThrows(other, SystemError, "or one of another kind has it");
  }, { tap: true }));

for (const offload of [true, false]) {
  const how = offload ? "with" : "without";
  Deno.test({
    name: `A TUN device carries a datagram of the kernel and our answer, ${how} offload` +
      (lacking === undefined ? "" : ` (skipped: ${lacking})`),
    ignore: lacking !== undefined,
    fn: () => within(10_000, echoDatagram(offload)),
  });
}

/** Lets a guest send a datagram and answers it with the same. */
async function echoDatagram(offload: boolean): Promise<void> {
  const program = `
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "10.0.2.100", port: 0 });
    const echo = { transport: "udp", hostname: "10.0.2.2", port: 7 };
    await socket.send(new Uint8Array([1, 2, 3, 4, 5]), echo);
    const [answer, from] = await socket.receive();
    Deno.exit(answer.length === 5 && answer[4] === 5 && from.port === 7 ? 42 : 1);
  `;
  const guest = await prepareGuest({
    command: [Deno.execPath(), "eval", "--no-config", "--unstable-net", program],
    interfaceName: "eth0",
    mtu: 1500,
    offload,
    networks: [{ address: "10.0.2.100", prefixLength: 24, gateway: "10.0.2.2" }],
  });
  const bytes = new Uint8Array(2000);
  try {
    guest.start();
    let length = 0;
    for (; length === 0; length = guest.tun.read(bytes)) await guest.tun.wait(Infinity, false);
    const needsChecksum = bytes[0] === 1;
    assertEquals(needsChecksum, offload);
    bytes.fill(0, 0, VNET_HEADER_LENGTH);
    const packet = bytes.subarray(VNET_HEADER_LENGTH, length);
    assertEquals([packet.length, packet[0], packet[9]], [33, 0x45, 17]);
    answerDatagram(packet);
    assertEquals(guest.tun.write(bytes.subarray(0, length)), WriteResult.Taken);
    assertEquals(await guest.exited, 42);
  } finally {
    guest.close();
  }
}

/** Makes an IPv4 packet with a datagram one to its sender. */
function answerDatagram(packet: Uint8Array): void {
  swap(packet, 12, 16, 4); // addresses
  swap(packet, 20, 22, 2); // ports
  packet.fill(0, 26, 28); // RFC 768: no checksum
}

function swap(bytes: Uint8Array, one: number, other: number, length: number): void {
  const copy = bytes.slice(one, one + length);
  bytes.copyWithin(one, other, other + length);
  bytes.set(copy, other);
}
