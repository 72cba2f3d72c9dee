import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { stationOf } from "../../lib/cli/station.ts";
import {
  EVERYBODY,
  frame,
  GUEST_MAC,
  ip,
  ipText,
  join,
  mac,
  macText,
  u16,
  u32,
  udp,
} from "../harness/frames.ts";
import { datagramIn, IPV4, IPV6, StationTalk } from "../harness/station.ts";

const [DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM] = [1, 2, 3, 4, 5, 6, 7, 8];
const [REQUESTED, TIME, OVERLOAD, TYPE, SERVER, CLIENT] = [50, 51, 52, 53, 54, 61];
const ALL = "255.255.255.255";
const NOBODY = "0.0.0.0";
const DAY = 86_400;
const OTHER_MAC = "02:00:00:00:00:65";

type Option = readonly [code: number, value: readonly number[]];

/** What a client says. */
interface Question {
  readonly type?: number;
  readonly from?: string;
  readonly clientMac?: string;
  readonly address?: string;
  readonly relay?: string;
  readonly broadcast?: boolean;
  readonly source?: string;
  readonly destination?: string;
  readonly options?: readonly Option[];
  /** All the options as bytes, instead of those. */
  readonly raw?: readonly number[];
  readonly name?: readonly number[];
  readonly file?: readonly number[];
}

function message(question: Question): Uint8Array<ArrayBuffer> {
  const { from = GUEST_MAC, clientMac = from, name = [], file = [], type = DISCOVER } = question;
  const options = [[TYPE, [type]] as const, ...question.options ?? []];
  const raw = question.raw ?? [...options.flatMap(([code, v]) => [code, v.length, ...v]), 255];
  return join(
    [1, 1, 6, 0, ...u32(0x1234_5678), 0, 0, ...u16(question.broadcast ? 0x8000 : 0)],
    [...ip(question.address ?? NOBODY), ...ip(NOBODY), ...ip(NOBODY)],
    [...ip(question.relay ?? NOBODY), ...mac(clientMac), ...new Array(10).fill(0)],
    [...name, ...new Array(64 - name.length).fill(0)],
    [...file, ...new Array(128 - file.length).fill(0)],
    [0x63, 0x82, 0x53, 0x63, ...raw],
  );
}

function question(question: Question = {}): Uint8Array<ArrayBuffer> {
  const { source = question.address ?? NOBODY, destination = ALL } = question;
  const data = udp({ source, destination, ports: [68, 67], data: message(question) });
  const { from = GUEST_MAC } = question;
  return destination === ALL
    ? frame({ from, to: EVERYBODY, type: 0x0800, data })
    : frame({ from, type: 0x0800, data });
}

/** The answer in a frame, and how it came. */
function answerIn(frame: Uint8Array) {
  const { to, source, destination, ports, data } = datagramIn(frame);
  assertEquals([source, ...ports], ["10.0.2.2", 67, 68]);
  assertGreaterOrEqual(data.length, 300); // RFC 1542 §2.1
  assertEquals(macText(data.subarray(0, 8)), "02:01:06:00:12:34:56:78");
  assertEquals([...data.subarray(236, 240)], [0x63, 0x82, 0x53, 0x63]);
  const options = new Map<number, Uint8Array>();
  let at = 240;
  for (; data[at] !== 255; at += 2 + data[at + 1]!) {
    options.set(data[at]!, data.subarray(at + 2, at + 2 + data[at + 1]!));
  }
  assertEquals(data.subarray(at + 1).some((byte) => byte !== 0), false);
  const type = options.get(TYPE)?.[0];
  return {
    to,
    destination,
    type,
    options,
    address: ipText(data.subarray(16, 20)),
    own: ipText(data.subarray(12, 16)),
    clientMac: macText(data.subarray(28, 34)),
  };
}

function ask(talk: StationTalk, asked: Question = {}) {
  if ((asked.address ?? NOBODY) === NOBODY) return answerIn(talk.ask(question(asked)));
  // A client that has an address first closes the socket from which it has asked.
  assertEquals(talk.frame(question(asked)), []);
  const said = talk.wait(10);
  assertEquals(said.map(([after]) => after), [10]);
  return answerIn(said[0]![1]);
}

/** Takes what is offered; returns the address. */
function lease(talk: StationTalk, client: Question = {}): string {
  const { type, address } = ask(talk, client);
  assertEquals(type, OFFER);
  const options: Option[] = [[REQUESTED, ip(address)], [SERVER, ip("10.0.2.2")]];
  const acknowledged = ask(talk, {
    ...client,
    type: REQUEST,
    options: [...options, ...client.options ?? []],
  });
  assertEquals([acknowledged.type, acknowledged.address], [ACK, address]);
  return address;
}

function seconds(options: ReadonlyMap<number, Uint8Array>, code: number): number {
  return new DataView(join(options.get(code)!).buffer).getUint32(0);
}

Deno.test("A client is offered an address, and gets it with all that it needs (B-01, RFC 2131 §3.1)", () => {
  const talk = new StationTalk();
  const offer = ask(talk);
  assertEquals([offer.type, offer.address, offer.clientMac], [OFFER, "10.0.2.100", GUEST_MAC]);
  const options: Option[] = [[SERVER, ip("10.0.2.2")], [REQUESTED, ip("10.0.2.100")]];
  const ack = ask(talk, { type: REQUEST, options });
  assertEquals([ack.type, ack.address], [ACK, "10.0.2.100"]);
  for (const given of [offer.options, ack.options]) {
    const addresses = [1, 3, 6, 28, SERVER].map((code) => ipText(given.get(code)!));
    const expected = ["255.255.255.0", "10.0.2.2", "10.0.2.3", "10.0.2.255", "10.0.2.2"];
    assertEquals(addresses, expected);
    assertEquals([...given.get(26)!], u16(1500));
    assertEquals(seconds(given, TIME), DAY);
    const codes = [...given.keys()];
    assertEquals(codes.indexOf(1) < codes.indexOf(3), true); // RFC 2132 §3.3
  }
});

Deno.test("A client gets the same address again, others get others (B-01, RFC 2131 §4.3.1)", () => {
  const talk = new StationTalk();
  assertEquals(lease(talk), "10.0.2.100");
  assertEquals(lease(talk, { from: OTHER_MAC }), "10.0.2.101");
  assertEquals(lease(talk), "10.0.2.100");
  talk.now += 1000 * DAY * 30;
  assertEquals(lease(talk), "10.0.2.100");
});

Deno.test("A client is who its identifier says, wherever it is (B-01, RFC 2131 §4.2, RFC 6842 §3)", () => {
  const talk = new StationTalk();
  const options: Option[] = [[CLIENT, [1, 2, 3]]];
  assertEquals(lease(talk), "10.0.2.100");
  assertEquals(lease(talk, { options }), "10.0.2.101");
  assertEquals(lease(talk, { options, from: OTHER_MAC }), "10.0.2.101");
  assertEquals([...ask(talk, { options }).options.get(CLIENT)!], [1, 2, 3]);
});

Deno.test("A client may wish for an address that is free (B-01, RFC 2131 §4.3.1)", () => {
  const talk = new StationTalk();
  assertEquals(ask(talk, { options: [[REQUESTED, ip("10.0.2.150")]] }).address, "10.0.2.150");
  const from = OTHER_MAC;
  for (const taken of ["10.0.2.150", "10.0.2.2", "10.0.2.255", "192.0.2.1", "10.0.2.99"]) {
    const options: Option[] = [[REQUESTED, ip(taken)]];
    assertEquals(ask(talk, { from, options }).address, "10.0.2.100", taken);
  }
});

Deno.test("Who asks for an address that it cannot have is refused (B-02, RFC 2131 §4.3.2)", () => {
  const talk = new StationTalk();
  lease(talk, { from: OTHER_MAC });
  for (const wrong of ["10.0.2.100", "10.0.2.2", "192.168.0.5", "10.0.2.200"]) {
    const nak = ask(talk, { type: REQUEST, options: [[REQUESTED, ip(wrong)]] });
    assertEquals([nak.type, nak.address, ipText(nak.options.get(SERVER)!)], [
      NAK,
      NOBODY,
      "10.0.2.2",
    ]);
    assertEquals([nak.to, nak.destination], [EVERYBODY, ALL]);
    assertEquals(nak.options.has(TIME), false);
  }
  // What was not offered cannot be chosen.
  const options: Option[] = [[SERVER, ip("10.0.2.2")], [REQUESTED, ip("10.0.2.150")]];
  assertEquals(ask(talk, { type: REQUEST, options }).type, NAK);
});

Deno.test("A client that had an address before gets it without an offer (B-02, RFC 2131 §3.2)", () => {
  const talk = new StationTalk();
  const ack = ask(talk, { type: REQUEST, options: [[REQUESTED, ip("10.0.2.107")]] });
  assertEquals([ack.type, ack.address], [ACK, "10.0.2.107"]);
  assertEquals(lease(talk), "10.0.2.107");
});

for (const [how, destination] of [["RENEWING", "10.0.2.2"], ["REBINDING", ALL]] as const) {
  Deno.test(`A client that is ${how} is answered at its address (B-02, RFC 2131 §4.3.2)`, () => {
    const talk = new StationTalk();
    const address = lease(talk);
    const ack = ask(talk, { type: REQUEST, address, destination });
    assertEquals([ack.type, ack.address, ack.own], [ACK, address, address]);
    assertEquals([ack.to, ack.destination], [GUEST_MAC, address]);
    const stranger = { type: REQUEST, address, destination, from: OTHER_MAC };
    assertEquals(ask(talk, stranger).type, NAK);
  });
}

Deno.test("Of answers that are not sent yet the last one counts (B-02)", () => {
  const talk = new StationTalk();
  const address = lease(talk);
  assertEquals(talk.frame(question({ type: REQUEST, address })), []);
  assertEquals(talk.wait(5), []);
  assertEquals(talk.frame(question({ type: INFORM, address })), []);
  const said = talk.wait(20).map(([after, frame]) => [after, answerIn(frame).options.has(TIME)]);
  assertEquals(said, [[10, false]]);
});

Deno.test("A lease can be renewed for a year, at half of its time each (B-05, RFC 2131 §4.4.5)", () => {
  const talk = new StationTalk();
  const address = lease(talk);
  for (let renewal = 0; renewal < 730; renewal++) {
    const ack = ask(talk, { type: REQUEST, address, destination: "10.0.2.2" });
    assertEquals([ack.type, ack.address], [ACK, address]);
    const times = [58, 59, TIME].map((code) => seconds(ack.options, code));
    assertEquals(times, [DAY / 2, DAY * 7 / 8, DAY]);
    talk.now += times[0]! * 1000;
    assertEquals(ask(talk, { from: OTHER_MAC }).address, "10.0.2.101");
  }
});

for (const [wanted, given] of [[60, 60], [0, 1], [-1, DAY], [DAY + 1, DAY]] as const) {
  Deno.test(`A client that wants a lease for ${wanted} s gets one for ${given} (B-05, RFC 2131 §4.3.1)`, () => {
    const { options } = ask(new StationTalk(), { options: [[TIME, u32(wanted)]] });
    const [renewal, rebinding, time] = [58, 59, TIME].map((code) => seconds(options, code));
    assertEquals(time, given);
    assertEquals(renewal! <= rebinding! && rebinding! <= time!, true);
  });
}

Deno.test("A client without an address is answered as it asks for (B-04, RFC 2131 §4.1)", () => {
  const talk = new StationTalk();
  const unicast = ask(talk);
  assertEquals([unicast.to, unicast.destination], [GUEST_MAC, "10.0.2.100"]);
  const broadcast = ask(talk, { broadcast: true });
  assertEquals([broadcast.to, broadcast.destination], [EVERYBODY, ALL]);
});

Deno.test("A client that has an address gets the rest, and no lease (B-02, RFC 2131 §4.3.5)", () => {
  const talk = new StationTalk();
  const ack = ask(talk, { type: INFORM, address: "10.0.2.9", destination: "10.0.2.2" });
  assertEquals([ack.type, ack.address, ack.own], [ACK, NOBODY, "10.0.2.9"]);
  assertEquals([ack.to, ack.destination], [GUEST_MAC, "10.0.2.9"]);
  assertEquals([TIME, 58, 59].filter((code) => ack.options.has(code)), []);
  assertEquals(ipText(ack.options.get(6)!), "10.0.2.3");
  assertEquals(ask(talk).address, "10.0.2.100");
});

Deno.test("An address that somebody else uses is not offered for ten minutes (B-02, RFC 2131 §4.3.3)", () => {
  const talk = new StationTalk();
  const address = lease(talk);
  const options: Option[] = [[SERVER, ip("10.0.2.2")], [REQUESTED, ip(address)]];
  assertEquals(talk.frame(question({ type: DECLINE, options, from: OTHER_MAC })), []);
  assertEquals(ask(talk).address, address); // a stranger's word counts nothing
  assertEquals(talk.frame(question({ type: DECLINE, options })), []);
  assertEquals(ask(talk).address, "10.0.2.101");
});

Deno.test("An address that was given back is kept for whose it was, as long as can be (B-02)", () => {
  const talk = new StationTalk();
  const address = lease(talk);
  const options: Option[] = [[SERVER, ip("10.0.2.2")]];
  const release = question({ type: RELEASE, address, destination: "10.0.2.2", options });
  assertEquals(talk.frame(release), []);
  assertEquals(ask(talk, { from: OTHER_MAC }).address, "10.0.2.101");
  assertEquals(ask(talk).address, address);
  // But who asks for it gets it.
  const wanted = { from: "02:00:00:00:00:66", options: [[REQUESTED, ip(address)]] as const };
  assertEquals(ask(talk, wanted).address, address);
});

Deno.test("When all addresses are leased a new client gets none, until one is free (B-01, E-04)", () => {
  const talk = new StationTalk();
  const station = (number: number) => `02:00:00:00:01:${number.toString(16)}`;
  const addresses = new Set<string>();
  for (let number = 0; number < 100; number++) {
    addresses.add(lease(talk, { from: station(number) }));
  }
  assertEquals([addresses.size, [...addresses].at(-1)], [100, "10.0.2.199"]);
  assertEquals(talk.frame(question({ from: OTHER_MAC })), []);
  assertEquals(talk.drops.of(Drop.TooManyFlows), 1);
  talk.now += 1000 * DAY;
  assertEquals(lease(talk, { from: OTHER_MAC }), "10.0.2.100");
});

Deno.test("An offer that nobody takes is forgotten, so that inventing clients is in vain (B-01)", () => {
  const talk = new StationTalk();
  for (let number = 0; number < 5000; number++) {
    talk.frame(question({ from: `02:00:00:01:${number >> 8}:${(number & 0xff).toString(16)}` }));
  }
  talk.now += 60_000;
  assertEquals(lease(talk).startsWith("10.0.2.1"), true);
});

for (
  const [what, given] of [
    ["an end marker missing", { raw: [TYPE, 1, DISCOVER] }],
    ["padding before and between", { raw: [0, 0, TYPE, 1, DISCOVER, 0, TIME, 4, 0, 0, 0, 9, 255] }],
    ["options in the boot file", { raw: [OVERLOAD, 1, 1, 255], file: [TYPE, 1, DISCOVER, 255] }],
    ["options in the server's name", { raw: [OVERLOAD, 1, 2, 255], name: [TYPE, 1, DISCOVER] }],
    ["options everywhere", {
      raw: [OVERLOAD, 1, 3, 255],
      file: [TYPE, 1, DISCOVER, 255],
      name: [TIME, 4, 0, 0, 0, 9, 255],
    }],
    ["options behind the end marker", { raw: [TYPE, 1, DISCOVER, 255, TYPE, 9] }],
    ["options of the wrong length", { raw: [TYPE, 1, DISCOVER, REQUESTED, 3, 1, 2, 3, TIME, 0] }],
    ["an option in two pieces", {
      raw: [TYPE, 1, DISCOVER, REQUESTED, 2, 10, 0, REQUESTED, 2, 2, 100],
    }],
  ] as const
) {
  Deno.test(`A question with ${what} is understood (B-03, RFC 2131 §4.1)`, () => {
    assertEquals(ask(new StationTalk(), given).address, "10.0.2.100");
  });
}

for (
  const [what, given] of [
    ["an option longer than the message", { raw: [TYPE, 1, DISCOVER, REQUESTED, 200, 1, 2] }],
    ["an option that lacks its length", { raw: [TYPE, 1, DISCOVER, REQUESTED] }],
    ["a boot file with an option that is too long", {
      raw: [TYPE, 1, DISCOVER, OVERLOAD, 1, 1, 255],
      file: [TIME, 200],
    }],
    ["no type", { raw: [TIME, 4, 0, 0, 0, 9, 255] }],
    ["a type of two bytes", { raw: [TYPE, 2, 0, DISCOVER, 255] }],
    ["no options", { raw: [] }],
    ["more in it than a frame holds", {
      raw: [TYPE, 1, DISCOVER, 255, ...new Array(1300).fill(0)],
    }],
    ["an identifier that is too long for an answer", {
      raw: [TYPE, 1, DISCOVER, CLIENT, 200, ...new Array(200).fill(1), CLIENT, 56]
        .concat(new Array(56).fill(1)),
    }],
  ] as const
) {
  Deno.test(`A question with ${what} is dropped (B-03, RFC 2132 §2)`, () => {
    const talk = new StationTalk();
    assertEquals(talk.frame(question(given)), []);
    assertEquals(talk.drops.of(Drop.Malformed), 1);
  });
}

Deno.test("What is no question of a station on the link is not answered (B-06, RFC 2131 §4.1)", () => {
  const talk = new StationTalk();
  const silent = (given: Question) => assertEquals(talk.frame(question(given)), []);
  silent({ clientMac: OTHER_MAC });
  silent({ relay: "10.0.2.9" });
  silent({ destination: "10.0.2.3" });
  assertEquals(talk.drops.of(Drop.InvalidSource), 2);
  assertEquals(talk.drops.of(Drop.InvalidDestination), 1);
  silent({ type: OFFER });
  silent({ type: 0 });
  assertEquals(talk.drops.of(Drop.IgnoredMessage), 2);
  const short = message({}).subarray(0, 239);
  const data = udp({ source: NOBODY, destination: ALL, ports: [68, 67], data: short });
  assertEquals(talk.frame(frame({ to: EVERYBODY, type: 0x0800, data })), []);
  assertEquals(talk.drops.of(Drop.Truncated), 1);
  const corrupt = question();
  corrupt[60]! ^= 1;
  assertEquals(talk.frame(corrupt), []);
  assertEquals(talk.drops.of(Drop.BadChecksum), 1);
});

Deno.test("Who chooses another server's offer is left alone (B-06, RFC 2131 §4.3.2)", () => {
  const talk = new StationTalk();
  ask(talk);
  const options: Option[] = [[SERVER, ip("10.0.2.9")], [REQUESTED, ip("10.0.2.7")]];
  assertEquals(talk.frame(question({ type: REQUEST, options })), []);
  const address = lease(talk, { from: OTHER_MAC });
  for (const type of [RELEASE, DECLINE]) {
    assertEquals(talk.frame(question({ type, address, from: OTHER_MAC, options })), []);
  }
  assertEquals(ask(talk, { from: OTHER_MAC }).address, address);
});

Deno.test("An address of ours is never leased, wherever it is (B-01)", () => {
  const talk = new StationTalk([{ ...IPV4, dns: "10.0.2.100" }]);
  assertEquals(lease(talk), "10.0.2.101");
  const nak = ask(talk, { type: REQUEST, options: [[REQUESTED, ip("10.0.2.100")]] });
  assertEquals(nak.type, NAK);
});

Deno.test("In a small network the last address is not leased: it is everybody's (B-01)", () => {
  const network = { ...IPV4, prefixLength: 25 };
  const served = { networks: [network], dns: [], mtu: 1500, configures: true };
  assertEquals(stationOf(served).dhcp?.count, 27);
});

Deno.test("Without IPv4 nobody leases addresses; the question goes up like any other", () => {
  const talk = new StationTalk([IPV6]);
  talk.wait(0);
  assertEquals(talk.frame(question()), [question().subarray(14)]);
});
