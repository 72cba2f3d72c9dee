import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import {
  type Bytes,
  frame,
  GUEST_MAC,
  ip,
  join,
  mac,
  OUR_MAC,
  u16,
  u32,
  udp,
} from "../harness/frames.ts";
import { datagramIn, IPV4, IPV6, StationTalk } from "../harness/station.ts";

const LINK_LOCAL = "fe80::64";
const ALL_SERVERS = "ff02::1:2";
const [SOLICIT, REPLY, RELAY, INFORMATION] = [1, 7, 12, 11];
const [CLIENT, SERVER, ADDRESS, WANTED, ELAPSED, DNS, PREFIX, REFRESH] = [
  1,
  2,
  3,
  6,
  8,
  23,
  25,
  32,
];
const OWN_ID = [0, 3, 0, 1, ...mac(OUR_MAC)];
const CLIENT_ID = [0, 3, 0, 1, ...mac(GUEST_MAC)];

type Option = readonly [code: number, value: readonly number[]];

interface Question {
  readonly type?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly ports?: readonly [number, number];
  readonly options?: readonly Option[];
  readonly raw?: readonly number[];
}

function question(given: Question = {}): Bytes {
  const { type = INFORMATION, source = LINK_LOCAL, destination = ALL_SERVERS } = given;
  const { ports = [546, 547], options = [[CLIENT, CLIENT_ID], [WANTED, u16(DNS)]] } = given;
  const raw = given.raw ?? optionBytes(options);
  const data = udp({ source, destination, ports, data: join(type, [1, 2, 3], raw) });
  return frame({ to: "33:33:00:01:00:02", type: 0x86dd, data });
}

function optionBytes(options: readonly Option[]): number[] {
  return options.flatMap(([code, value]) => [...u16(code), ...u16(value.length), ...value]);
}

function talkOf(): StationTalk {
  const talk = new StationTalk([IPV4, IPV6]);
  talk.wait(0);
  return talk;
}

Deno.test("Who asks for information is told the name servers (RFC 8415 §18.3.6, RFC 3646 §3)", () => {
  assertEquals(datagramIn(talkOf().ask(question())), {
    to: GUEST_MAC,
    source: "fe80::2",
    destination: LINK_LOCAL,
    ports: [547, 546],
    data: join(
      [REPLY, 1, 2, 3],
      optionBytes([
        [SERVER, OWN_ID],
        [CLIENT, CLIENT_ID],
        [DNS, ip("fd00::3")],
        [REFRESH, u32(86_400)],
      ]),
    ),
  });
});

Deno.test("Who does not say who it is is answered, too (RFC 8415 §18.3.6)", () => {
  const { data } = datagramIn(talkOf().ask(question({ options: [[ELAPSED, [0, 0]]] })));
  const expected: Option[] = [[SERVER, OWN_ID], [DNS, ip("fd00::3")], [REFRESH, u32(86_400)]];
  assertEquals(data, join([REPLY, 1, 2, 3], optionBytes(expected)));
});

for (
  const [what, given, reason] of [
    ["that is cut off", { raw: [0, CLIENT, 0, 10, 1, 2, 3] }, Drop.Malformed],
    ["with half an option", { raw: [0, CLIENT, 0] }, Drop.Malformed],
    ["for addresses", { options: [[ADDRESS, new Array(12).fill(0)]] }, Drop.Malformed],
    ["for a prefix", { options: [[PREFIX, new Array(12).fill(0)]] }, Drop.Malformed],
    ["for another server", { options: [[SERVER, CLIENT_ID]] }, Drop.IgnoredMessage],
    [
      "from one with a very long name",
      { options: [[CLIENT, new Array(131).fill(1)]] },
      Drop.Malformed,
    ],
    ["that is longer than a frame", { raw: new Array(1600).fill(0) }, Drop.Malformed],
    ["that wants to be leased something", { type: SOLICIT }, Drop.IgnoredMessage],
    ["that a relay sends", { type: RELAY }, Drop.IgnoredMessage],
    ["to one server alone", { destination: "fd00::2" }, Drop.InvalidDestination],
    ["from beyond the link", { source: "2001:db8::1" }, Drop.InvalidSource],
    ["from ourselves", { source: "fe80::2" }, Drop.InvalidSource],
    ["from another port", { ports: [547, 547] }, Drop.InvalidSource],
  ] as const satisfies readonly (readonly [string, Question, Drop])[]
) {
  Deno.test(`A question by DHCPv6 ${what} is not answered (RFC 8415 §16)`, () => {
    const talk = talkOf();
    assertEquals(talk.frame(question(given)), []);
    assertEquals(talk.drops.of(reason), 1);
  });
}

Deno.test("A question by DHCPv6 with a wrong checksum, or cut off anywhere, is dropped (RFC 8200 §8.1)", () => {
  const talk = talkOf();
  const whole = question();
  for (let length = 14 + 48; length < whole.length; length++) {
    assertEquals(talk.frame(whole.subarray(0, length)), []);
  }
  assertEquals(talk.drops.of(Drop.Truncated), whole.length - 62);
  whole[whole.length - 1]! ^= 1;
  assertEquals(talk.frame(whole), []);
  assertEquals(talk.drops.of(Drop.BadChecksum), 1);
});

Deno.test("A client may name the server that it means, if it is ours (RFC 8415 §16.12)", () => {
  assertEquals(talkOf().frame(question({ options: [[SERVER, OWN_ID]] })).length, 1);
});
