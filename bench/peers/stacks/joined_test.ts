import { assert, assertEquals, assertRejects } from "@std/assert";
import { joinHeadgate } from "./headgate.ts";
import { type JoinedStacks, type PacketSize, STACK_MEASURES } from "./joined.ts";
import { joinerOf, type Tcpip, type TcpipConnection, type TcpipStack } from "./tcpip.ts";

const DATA = Uint8Array.from({ length: 20_000 }, (_, at) => at % 251);

/** All that can be done with joined stacks, twice. */
async function tryAll(stacks: JoinedStacks): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    const into = new Uint8Array(DATA.length);
    await stacks.pass(DATA, into);
    assertEquals(into, DATA);
    await stacks.ask();
    await stacks.connect();
  }
}

for (const size of ["1500", "largest"] satisfies PacketSize[]) {
  Deno.test(`Two of our stacks do what is measured, packets: ${size}`, async () => {
    await tryAll(joinHeadgate(size));
  });
}

Deno.test("Two stacks of tcpip, as far as a stand-in can tell, do what is measured", async () => {
  await tryAll(await joinerOf(new StandIn())("1500"));
});

Deno.test("Every measure has a figure, even if there is time for one operation only", async () => {
  for (const { run } of STACK_MEASURES) assert(await run(joinHeadgate, 0) > 0);
});

Deno.test("Bulk data that arrives different has no figure", async () => {
  const nothing = () => {};
  const stacks = { pass: nothing, ask: nothing, connect: nothing };
  await assertRejects(
    async () => await STACK_MEASURES[0]?.run(() => stacks, 0),
    Error,
    "different",
  );
});

/**
 * Has the interface of the package, but no TCP: what it sends is `[kind, connection, ...bytes]`.
 * Its listeners are as forgetful as the package's: who comes while nobody asks is lost.
 */
class StandIn implements Tcpip {
  createStack(): Promise<TcpipStack> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const send = (kind: number, id: number, bytes: Iterable<number> = []) =>
      writer.write(Uint8Array.of(kind, id, ...bytes));
    const inputs = new Map<number, ReadableStreamDefaultController<Uint8Array>>();
    let opened = 0;
    let accept: ((connection: TcpipConnection) => void) | undefined;
    const open = (id: number): TcpipConnection => ({
      readable: new ReadableStream({ start: (controller) => void inputs.set(id, controller) }),
      writable: new WritableStream({
        async write(data) {
          for (let at = 0; at < data.length; at += 1460) {
            await send(Kind.Data, id, data.subarray(at, at + 1460));
          }
        },
      }),
      close: () => send(Kind.End, id),
    });
    const receive = ([kind, id = 0, ...bytes]: Uint8Array) => {
      if (kind === Kind.Open) accept?.(open(id));
      else if (kind === Kind.Data) inputs.get(id)?.enqueue(Uint8Array.from(bytes));
      else inputs.get(id)?.close();
    };
    return Promise.resolve({
      createTunInterface: () =>
        Promise.resolve({ readable, writable: new WritableStream({ write: receive }) }),
      listenTcp: () =>
        Promise.resolve({
          async *[Symbol.asyncIterator]() {
            while (true) yield await new Promise<TcpipConnection>((resolve) => accept = resolve);
          },
        }),
      async connectTcp() {
        const connection = open(++opened);
        await send(Kind.Open, opened);
        return connection;
      },
    });
  }
}

const Kind = { Open: 0, Data: 1, End: 2 } as const;
