import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type IpAddress, ipv4 } from "./address.ts";
import { type Endpoint, FlowKey } from "./flow.ts";
import { type FlowEntry, FlowTable } from "./flow_table.ts";

class Entry implements FlowEntry<Entry> {
  hash = 0;
  nextInBucket: Entry | undefined = undefined;
  constructor(readonly peer: Endpoint, readonly own: Endpoint) {}
}

function keyOf(peer: Endpoint, own: Endpoint): FlowKey {
  const key = new FlowKey();
  key.peer.assign(peer.address);
  key.own.assign(own.address);
  key.peerPort = peer.port;
  key.ownPort = own.port;
  return key;
}

const endpoint = (address: IpAddress, port: number): Endpoint => ({ address, port });

// Few addresses and ports, so that keys meet again, and some that differ in one word only.
const address = fc.constantFrom(
  ipv4(0x0a000001),
  ipv4(0x0a000002),
  ipv4(-1),
  { w0: 0x20010db8, w1: 0, w2: 0, w3: 1 },
  { w0: 0x20010db8, w1: 1, w2: 0, w3: 1 },
  { w0: 0, w1: 0, w2: 0, w3: 0x0a000001 },
);
const someEndpoint = fc.tuple(address, fc.constantFrom(1, 2, 80, 65_535))
  .map(([address, port]) => endpoint(address, port));

Deno.test("FlowTable behaves as a Map does", () => {
  const command = fc.tuple(fc.boolean(), someEndpoint, someEndpoint);
  fc.assert(
    fc.property(fc.integer(), fc.array(command, { maxLength: 300 }), (seed, commands) => {
      const table = new FlowTable<Entry>(seed);
      const model = new Map<string, Entry>();
      for (const [adds, peer, own] of commands) {
        const name = JSON.stringify([peer, own]);
        const known = model.get(name);
        assertEquals(table.find(keyOf(peer, own)) === known, true);
        if (adds && !known) {
          const entry = new Entry(peer, own);
          table.add(entry);
          model.set(name, entry);
        } else if (!adds && known) {
          table.remove(known);
          table.remove(known); // a second time does nothing
          model.delete(name);
        }
        assertEquals(table.size, model.size);
      }
      assertEquals(new Set(table.values()), new Set(model.values()));
    }),
    { seed: 1, numRuns: 50 },
  );
});

Deno.test("FlowTable grows and finds everything", () => {
  const table = new FlowTable<Entry>(7);
  const own = endpoint(ipv4(0x5db8d822), 80);
  const entries = Array.from(
    { length: 5000 },
    (_, port) => new Entry(endpoint(ipv4(0x0a000000 + (port >> 8)), port), own),
  );
  for (const entry of entries) table.add(entry);
  assertEquals(table.size, 5000);
  for (const entry of entries) assertEquals(table.find(keyOf(entry.peer, own)) === entry, true);
  for (const entry of entries) table.remove(entry);
  assertEquals([table.size, [...table.values()].length], [0, 0]);
});

Deno.test("FlowTable spreads a guest's ports over its buckets, whatever the seed", () => {
  for (const seed of [0, 1, -1, 0x12345678]) {
    const table = new FlowTable<Entry>(seed);
    const buckets = new Map<number, number>();
    for (let port = 0; port < 4096; port++) {
      const entry = new Entry(endpoint(ipv4(0x0a000002), port), endpoint(ipv4(0x5db8d822), 443));
      table.add(entry);
      const bucket = entry.hash & 4095;
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    }
    assert(Math.max(...buckets.values()) <= 12, `${Math.max(...buckets.values())} in one bucket`);
  }
});

Deno.test("FlowKey takes the ends of a packet and gives them roles", () => {
  const key = keyOf(endpoint(ipv4(1), 1000), endpoint(ipv4(2), 80));
  const flow = key.toFlow(6);
  key.peer.assignIpv4(99); // the flow keeps its own addresses
  assertEquals(flow, {
    protocol: 6,
    client: { address: ipv4(1), port: 1000 },
    target: { address: ipv4(2), port: 80 },
  });
  assertEquals(key.matches(flow.client, flow.target), false);
});
