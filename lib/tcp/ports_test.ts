import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../base/random.ts";
import { ipv4 } from "../ip/address.ts";
import { EphemeralPorts, FIRST_EPHEMERAL_PORT, LAST_EPHEMERAL_PORT } from "./ports.ts";

const OWN = ipv4(0x0a000001);
const TARGET = { address: ipv4(0x0a000002), port: 80 };
const always = () => true;

Deno.test("Ephemeral ports go through the whole range, each once (A-11, RFC 6056 §3.3.4)", () => {
  const ports = new EphemeralPorts(new SeededRandom(1));
  const taken = new Set<number>();
  const count = LAST_EPHEMERAL_PORT - FIRST_EPHEMERAL_PORT + 1;
  for (let i = 0; i < count; i++) taken.add(ports.next(OWN, TARGET, always)!);
  assertEquals(taken.size, count);
  assertEquals(Math.min(...taken), FIRST_EPHEMERAL_PORT);
  assertEquals(Math.max(...taken), LAST_EPHEMERAL_PORT);
});

Deno.test("Ephemeral ports begin elsewhere for each pair of ends and each secret (A-11)", () => {
  const firsts = [1, 2].flatMap((seed) =>
    [80, 81].map((port) =>
      new EphemeralPorts(new SeededRandom(seed)).next(OWN, { ...TARGET, port }, always)
    )
  );
  assertEquals(new Set(firsts).size, 4);
});

Deno.test("Ephemeral ports that are taken are left out, until none is left (A-11)", () => {
  const ports = new EphemeralPorts(new SeededRandom(1));
  const first = ports.next(OWN, TARGET, always);
  assert(first !== undefined);
  for (let i = 0; i < 3; i++) {
    assertEquals(ports.next(OWN, TARGET, (port) => port === first), first);
  }
  assertEquals(ports.next(OWN, TARGET, () => false), undefined);
});
