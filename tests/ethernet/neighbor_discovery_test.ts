import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { Neighbors } from "../../lib/ethernet/neighbors.ts";
import {
  type Bytes,
  frame,
  GUEST_MAC,
  ip,
  join,
  macText,
  OUR_MAC,
  packet,
  u32,
  udp,
} from "../harness/frames.ts";
import {
  advertisement,
  ALL_NODES,
  ALL_NODES_MAC,
  GATEWAY,
  GUEST,
  LINK_LOCAL,
  message,
  messageIn,
  NA,
  NS,
  option,
  probe,
  ROUTER,
  RS,
  solicitation,
  SOURCE_MAC,
  TARGET_MAC,
} from "../harness/neighbor_messages.ts";
import { IPV4, IPV6, StationTalk } from "../harness/station.ts";

const OTHER_MAC = "02:00:00:00:00:65";
const [S, O] = [0x4000_0000, 0x2000_0000];

/** A conversation after the first word of the router's. */
function talkOf(networks = [IPV4, IPV6]): StationTalk {
  const talk = new StationTalk(networks);
  talk.wait(0);
  return talk;
}

/** A packet of the stack's for `destination`. */
function toGuest(destination = GUEST): Bytes {
  return udp({ source: GATEWAY, destination, ports: [1, 2], data: new Uint8Array(3) });
}

/** Where packets for the guest go. */
function whereTo(talk: StationTalk, destination = GUEST): string {
  const frames = talk.send(toGuest(destination));
  assertEquals(frames.map((frame) => frame.subarray(14)), [toGuest(destination)]);
  return macText(frames[0]!.subarray(0, 6));
}

for (const target of [GATEWAY, "fd00::3", ROUTER]) {
  Deno.test(`Who solicits ${target} is answered and remembered (6-10, RFC 4861 §7.2.4)`, () => {
    const talk = talkOf();
    const source = target === ROUTER ? LINK_LOCAL : GUEST;
    assertEquals(messageIn(talk.ask(solicitation(target, { source }))), {
      to: GUEST_MAC,
      source: target,
      destination: source,
      type: NA,
      code: 0,
      rest: join(u32(0xe000_0000), ip(target), option(TARGET_MAC, OUR_MAC)),
    });
    assertEquals(whereTo(talk, source), GUEST_MAC);
  });
}

Deno.test("A solicitation that does not say where from is answered, but not remembered (6-10)", () => {
  const talk = talkOf();
  assertEquals(messageIn(talk.ask(solicitation(GATEWAY, { options: [] }))).to, GUEST_MAC);
  assertEquals(talk.ethernet.neighborCount, 0);
});

Deno.test("What is beyond the link is here, too, if nobody else says so (6-10, RFC 4861 §7.2.8)", () => {
  const talk = talkOf();
  const { source, rest } = messageIn(talk.ask(solicitation("2001:db8::1")));
  assertEquals([source, rest[0]], [ROUTER, 0xc0]); // not Override
  for (const nowhere of ["fd00::65", "fe80::65", "::1", "::"]) {
    assertEquals(talk.frame(solicitation(nowhere)), [], nowhere);
  }
});

const wrong: readonly (readonly [what: string, given: Bytes, reason: Drop])[] = [
  ["that a router has passed on", solicitation(GATEWAY, { hopLimit: 254 }), Drop.InvalidSource],
  ["with a code", solicitation(GATEWAY, { code: 1 }), Drop.Malformed],
  ["for a group", solicitation("ff02::1"), Drop.Malformed],
  ["for an IPv4 address of ours", solicitation("::ffff:10.0.2.2"), Drop.Malformed],
  ["without a target", message({ type: NS, rest: join(u32(0)) }), Drop.Truncated],
  [
    "with half a target",
    message({ type: NS, rest: join(u32(0), ip(GATEWAY).slice(8)) }),
    Drop.Truncated,
  ],
  [
    "with an option of no length",
    solicitation(GATEWAY, { options: [9, 0, 0, 0, 0, 0, 0, 0] }),
    Drop.Malformed,
  ],
  [
    "with an option beyond its end",
    solicitation(GATEWAY, { options: [1, 2, 0, 0, 0, 0, 0, 0] }),
    Drop.Truncated,
  ],
  ["with half an option", solicitation(GATEWAY, { options: [1, 1, 2] }), Drop.Truncated],
  ["from nobody, who is somewhere", probe(GATEWAY, option(SOURCE_MAC, GUEST_MAC)), Drop.Malformed],
  ["from beyond the link", solicitation(GATEWAY, { source: "2001:db8::1" }), Drop.InvalidSource],
  ["from a group", solicitation(GATEWAY, { source: ALL_NODES }), Drop.InvalidSource],
  ["from ourselves", solicitation(GATEWAY, { source: "fd00::3" }), Drop.AddressConflict],
  [
    "that says its sender is a group",
    solicitation(GATEWAY, {
      options: option(SOURCE_MAC, ALL_NODES_MAC),
    }),
    Drop.InvalidSource,
  ],
];

for (const [what, given, reason] of wrong) {
  Deno.test(`A solicitation ${what} is dropped (6-10, RFC 4861 §7.1.1)`, () => {
    const talk = talkOf();
    assertEquals(talk.frame(given), []);
    assertEquals([talk.drops.of(reason), talk.ethernet.neighborCount], [1, 0]);
  });
}

Deno.test("A solicitation with a wrong checksum is dropped (6-10, RFC 4861 §7.1.1)", () => {
  const talk = talkOf();
  const bytes = solicitation(GATEWAY);
  bytes[bytes.length - 1]! ^= 1;
  assertEquals(talk.frame(bytes), []);
  assertEquals(talk.drops.of(Drop.BadChecksum), 1);
});

Deno.test("A solicitation that is cut off anywhere is dropped (6-10, M-10)", () => {
  const talk = talkOf();
  const whole = solicitation(GATEWAY);
  for (let length = 14 + 41; length < whole.length; length++) {
    assertEquals(talk.frame(whole.subarray(0, length)), []);
  }
  assertEquals(talk.drops.of(Drop.Truncated), whole.length - 55);
});

Deno.test("Unknown options of a solicitation are skipped (6-10, RFC 4861 §4.6)", () => {
  const options = [99, 2, ...new Array(14).fill(7), ...option(SOURCE_MAC, OTHER_MAC)];
  assertEquals(messageIn(talkOf().ask(solicitation(GATEWAY, { options }))).to, OTHER_MAC);
});

Deno.test("Who probes for an address of ours hears that it is taken, as do all (6-11, RFC 4862 §5.4.3)", () => {
  const talk = talkOf();
  for (const own of [GATEWAY, ROUTER]) {
    assertEquals(messageIn(talk.ask(probe(own))), {
      to: ALL_NODES_MAC,
      source: own,
      destination: ALL_NODES,
      type: NA,
      code: 0,
      rest: join(u32(0xa000_0000), ip(own), option(TARGET_MAC, OUR_MAC)),
    });
  }
  assertEquals(talk.ethernet.neighborCount, 0);
});

Deno.test("Who probes for any other address hears nothing (6-11, RFC 4862 §5.4.3)", () => {
  const talk = talkOf();
  for (const free of [GUEST, LINK_LOCAL, "fd00::65", "2001:db8::1"]) {
    assertEquals(talk.frame(probe(free)), [], free);
  }
});

Deno.test("Nobody becomes a neighbor by advertising itself (6-12, RFC 4861 §7.2.5)", () => {
  const talk = talkOf();
  for (const flags of [0, S, O, S + O]) assertEquals(talk.frame(advertisement(GUEST, flags)), []);
  assertEquals([talk.drops.of(Drop.Unsolicited), talk.ethernet.neighborCount], [4, 0]);
});

Deno.test("Who advertises an address of ours is not believed (6-12, RFC 4862 §5.4.4)", () => {
  const talk = talkOf();
  for (const own of [GATEWAY, ROUTER]) talk.frame(advertisement(own, S + O));
  assertEquals([talk.drops.of(Drop.AddressConflict), talk.ethernet.neighborCount], [2, 0]);
});

Deno.test("A packet for a neighbor that is not known waits for its advertisement (6-12, 6-14, RFC 4861 §7.2.2)", () => {
  const talk = talkOf();
  const [question] = talk.send(toGuest());
  assertEquals(messageIn(question!), {
    to: "33:33:ff:00:00:64",
    source: ROUTER,
    destination: "ff02::1:ff00:64",
    type: NS,
    code: 0,
    rest: join(u32(0), ip(GUEST), option(SOURCE_MAC, OUR_MAC)),
  });
  assertEquals(talk.frame(advertisement(GUEST, S + O, [])), []); // it does not say where
  assertEquals(talk.frame(advertisement(GUEST, S + O)).map((frame) => frame.subarray(14)), [
    toGuest(),
  ]);
  assertEquals(whereTo(talk), GUEST_MAC);
});

Deno.test("A neighbor that was silent is asked itself, three times (6-14, RFC 4861 §7.3.3)", () => {
  const talk = talkOf([IPV6]);
  talk.frame(solicitation(GATEWAY));
  whereTo(talk);
  const asked = talk.wait(8500).map(([after, frame]) => [after, messageIn(frame)] as const);
  assertEquals(asked.map(([after]) => after), [5000, 6000, 7000]);
  const [, { to, destination, type }] = asked[0]!;
  assertEquals([to, destination, type], [GUEST_MAC, GUEST, NS]);
  assertEquals(talk.ethernet.neighborCount, 0);
});

/** What each advertisement makes of a reachable neighbor at GUEST_MAC. */
const changes: readonly (readonly [flags: number, option: string, mac: string, stale: boolean])[] =
  [
    [0, "", GUEST_MAC, false],
    [S, "", GUEST_MAC, false],
    [0, GUEST_MAC, GUEST_MAC, false],
    [S + O, GUEST_MAC, GUEST_MAC, false],
    [0, OTHER_MAC, GUEST_MAC, true],
    [S, OTHER_MAC, GUEST_MAC, true],
    [O, OTHER_MAC, OTHER_MAC, true],
    [S + O, OTHER_MAC, OTHER_MAC, false],
  ];

for (const [flags, where, expected, isStale] of changes) {
  const name = `${flags & S ? "S" : "-"}${flags & O ? "O" : "-"} ${where || "no address"}`;
  Deno.test(`A known neighbor's advertisement with ${name} changes what RFC 4861 §7.2.5 says (6-12)`, () => {
    const talk = talkOf([IPV6]);
    talk.send(toGuest());
    talk.frame(advertisement(GUEST, S + O));
    talk.frame(advertisement(GUEST, flags, where === "" ? [] : option(TARGET_MAC, where)));
    assertEquals(whereTo(talk), expected);
    assertEquals(talk.wait(5500).length > 0, isStale); // who is stale is asked
  });
}

Deno.test("Floods of solicitations fill no more than their place (6-12, E-04)", () => {
  const talk = talkOf();
  for (let i = 0; i < 5000; i++) {
    const source = `fd00::1:${i.toString(16)}`;
    talk.frame(solicitation(GATEWAY, { source, from: OTHER_MAC }));
  }
  assertEquals(talk.ethernet.neighborCount, Neighbors.LIMIT);
});

Deno.test("Reports of group memberships and echo requests go up to the stack (6-15, RFC 3810)", () => {
  const talk = talkOf();
  const hopByHop = [58, 0, 5, 2, 0, 0, 1, 0];
  const report = join(hopByHop, 143, 0, 0, 0, u32(1), [4, 0, 0, 0, ...ip("ff02::1:ff00:64")]);
  const given = { source: LINK_LOCAL, destination: "ff02::16", hopLimit: 1 };
  const data = packet({ ...given, protocol: 0, data: report, checksumAt: 10 });
  assertEquals(talk.frame(frame({ to: "33:33:00:00:00:16", type: 0x86dd, data })), [data]);
  const echo = message({ type: 128, rest: join(u32(0)) });
  assertEquals(talk.frame(echo), [echo.subarray(14)]);
});

Deno.test("Without IPv6 there is nobody who answers (6-10)", () => {
  const talk = talkOf([IPV4]);
  for (
    const given of [solicitation(GATEWAY), probe(ROUTER), message({ type: RS, rest: join(u32(0)) })]
  ) {
    assertEquals(talk.frame(given), []);
  }
  assertEquals(talk.wait(1_000_000), []);
  assertEquals(talk.ethernet.neighborCount, 0);
});
