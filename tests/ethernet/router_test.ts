import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { type Bytes, GUEST_MAC, ip, join, OUR_MAC, u16, u32 } from "../harness/frames.ts";
import {
  ALL_NODES,
  ALL_NODES_MAC,
  LINK_LOCAL,
  type Message,
  message,
  messageIn,
  NOBODY,
  option,
  RA,
  REDIRECT,
  ROUTER,
  RS,
  SOURCE_MAC,
} from "../harness/neighbor_messages.ts";
import { IPV6, StationTalk } from "../harness/station.ts";

/** A conversation after the first word of the router's. */
function talkOf(): StationTalk {
  const talk = new StationTalk([IPV6]);
  talk.wait(0);
  return talk;
}

const ADVERTISED: Bytes = join(
  [64, 0x40, ...u16(1800), ...u32(0), ...u32(0)],
  option(SOURCE_MAC, OUR_MAC),
  [5, 1, 0, 0, ...u32(1500)],
  [3, 4, 64, 0xc0, ...u32(2_592_000), ...u32(604_800), ...u32(0), ...ip("fd00::")],
  [25, 3, 0, 0, ...u32(1800), ...ip("fd00::3")],
);

const SOLICITATION: Message = { type: RS, destination: "ff02::2", rest: join(u32(0)) };

Deno.test("Who solicits a router learns all that there is to be known (6-13, RFC 4861 §6.2.6, RFC 8106 §5.1)", () => {
  const talk = talkOf();
  const rest = join(u32(0), option(SOURCE_MAC, GUEST_MAC));
  assertEquals(messageIn(talk.ask(message({ ...SOLICITATION, source: LINK_LOCAL, rest }))), {
    to: GUEST_MAC,
    source: ROUTER,
    destination: LINK_LOCAL,
    type: RA,
    code: 0,
    rest: ADVERTISED,
  });
  assertEquals(talk.ethernet.neighborCount, 1);
});

Deno.test("Everybody is told at once, twice more soon, and then every ten minutes (6-13, RFC 4861 §6.2.4)", () => {
  const talk = new StationTalk([IPV6]);
  const said = talk.wait(3_000_000);
  const times = said.map(([after]) => after);
  assertEquals(times, [0, 16_000, 32_000, 632_000, 1_232_000, 1_832_000, 2_432_000]);
  for (const [, frame] of said) {
    const { to, destination, rest } = messageIn(frame);
    assertEquals([to, destination, rest], [ALL_NODES_MAC, ALL_NODES, ADVERTISED]);
  }
});

Deno.test("Who solicits without an address has everybody told, once in three seconds (6-13, RFC 4861 §6.2.6)", () => {
  const talk = talkOf();
  for (let i = 0; i < 100; i++) talk.frame(message({ ...SOLICITATION, source: NOBODY }));
  assertEquals(talk.wait(15_000).map(([after]) => after), [3000]);
  assertEquals(talk.frame(message({ ...SOLICITATION, source: NOBODY })).length, 1);
});

Deno.test("In a network of another length nobody makes addresses of its own (6-13, RFC 4862 §5.5.3)", () => {
  const talk = new StationTalk([{ ...IPV6, prefixLength: 48 }]);
  const { rest } = messageIn(talk.wait(0)[0]![1]);
  assertEquals([...rest.subarray(28, 32)], [3, 4, 48, 0x80]);
});

Deno.test("Solicitations of routers are checked, too (6-13, RFC 4861 §6.1.1)", () => {
  const talk = talkOf();
  const drops = (given: Partial<Message>, reason: Drop) => {
    const before = talk.drops.of(reason);
    assertEquals(talk.frame(message({ ...SOLICITATION, ...given })), []);
    assertEquals(talk.drops.of(reason), before + 1);
  };
  drops({ hopLimit: 64 }, Drop.InvalidSource);
  drops({ code: 1 }, Drop.Malformed);
  drops({ rest: join() }, Drop.Truncated);
  drops({ source: NOBODY, rest: join(u32(0), option(SOURCE_MAC, GUEST_MAC)) }, Drop.Malformed);
  drops({ rest: join(u32(0), [1, 0, 0, 0, 0, 0, 0, 0]) }, Drop.Malformed);
});

Deno.test("Another router is none for us, nor is its redirection (6-13, RFC 4861 §6.2.7, §8.2)", () => {
  const talk = talkOf();
  const advertised = { type: RA, source: LINK_LOCAL, destination: ALL_NODES, rest: ADVERTISED };
  assertEquals(talk.frame(message(advertised)), []);
  const redirected = join(u32(0), ip(LINK_LOCAL), ip("2001:db8::1"));
  assertEquals(talk.frame(message({ type: REDIRECT, source: LINK_LOCAL, rest: redirected })), []);
  assertEquals([talk.drops.of(Drop.IgnoredMessage), talk.ethernet.neighborCount], [2, 0]);
});
