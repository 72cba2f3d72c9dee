import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { formatPacket } from "../../harness/packet_spec.ts";
import { format, numberOf } from "./expression.ts";
import { Unsupported } from "./failure.ts";
import { type Call, parseScript, type ScriptEvent } from "./script.ts";

/** The events of a script. */
function read(text: string, ...names: string[]): readonly ScriptEvent[] {
  return parseScript("a.pkt", text, new Set(names)).events;
}

/** The only event of a script. */
function readOne(text: string): ScriptEvent {
  const [event, ...more] = read(text);
  assertEquals(more, []);
  if (!event) throw new Error("there is no event");
  return event;
}

/** The call in the only event of a script. */
function readCall(text: string): Call {
  const { action } = readOne(text);
  if (action.kind !== "call") throw new Error(`${action.kind} is no call`);
  return action;
}

Deno.test("A script has options, a command to begin with, events, and lines", () => {
  const script = parseScript(
    "a.pkt",
    `// H-01: a title
--ip_version=ipv4
--strict_segments
--local_ip=10.0.0.1
\`../common/defaults.sh
sysctl -q net.ipv4.tcp_sack=0\`
 0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3   // a comment
/* another
   one */
+.1 < S 0:0(0) win 100 <mss 1460>
\`true\`
`,
    new Set(),
  );
  assertEquals(script.title, "H-01: a title");
  assertEquals([...script.options], [
    ["ip_version", "ipv4"],
    ["strict_segments", ""],
    ["local_ip", "10.0.0.1"],
  ]);
  assertEquals(script.events.map(({ line, action }) => `${line} ${action.kind}`), [
    "5 shell",
    "7 call",
    "10 receive",
    "11 shell",
  ]);
});

Deno.test("Times are absolute, relative, any, or a range, in microseconds", () => {
  const times = {
    " 0.00": [false, 0, 0],
    "1.25": [false, 1_250_000, 1_250_000],
    "+.1": [true, 100_000, 100_000],
    "+ 0.000003": [true, 3, 3],
    "+.2~+.3": [true, 200_000, 300_000],
    "2~2.5": [false, 2_000_000, 2_500_000],
    "*": [true, 0, Infinity],
  };
  for (const [text, [isRelative, from, to]] of Object.entries(times)) {
    const { time } = readOne(`${text} close(3) = 0`);
    assertEquals({ ...time }, { isRelative, from, to });
  }
});

Deno.test("A call that blocks says when it returns, even where the dots touch the digits", () => {
  for (const text of ["+0...0.25", "+0.0...0.250", "0 ... .25"]) {
    const { time, end } = readOne(`${text} read(4, ..., 2000) = 2000`);
    assertEquals([time.from, end], [0, 250_000]);
  }
});

Deno.test("Calls have arguments of every kind, a result, and an error", () => {
  const call = readCall(
    '0 sendmsg(4, {msg_name(...)=..., msg_iov(2)=[{..., 100},{"a,(b", 0x20}], msg_flags=0},' +
      " MSG_MORE|MSG_DONTWAIT) = -1 EAGAIN (Resource temporarily unavailable)",
  );
  assertEquals(call.args.map(format), [
    "4",
    '{msg_name=..., msg_iov=[{..., 100}, {"a,(b", 32}], msg_flags=0}',
    "MSG_MORE|MSG_DONTWAIT",
  ]);
  assertEquals([format(call.result), numberOf(call.result), call.error], ["0-1", -1, "EAGAIN"]);
  assertEquals(readCall("0 fcntl(3, F_GETFL) = 0x02 (flags O_RDWR)").result, {
    kind: "number",
    value: 2,
  });
});

Deno.test("What a call returns does not swallow the time of the next event", () => {
  assertEquals(read("0 close(3) = 0\n* > . 1:1(0) ack 1\n+0 close(4) = 0").length, 3);
});

Deno.test("Packets are read as everywhere, and options that are not named are none", () => {
  const packets = [
    ["> . 1:1(0) ack 1", ". 1:1(0) ack 1 <>"],
    ["< P. 1:1001(1000)! ack 1 win 5 <...>", "P. 1:1001(1000) ack 1 win 5"],
    ["> [noecn] S. 0:0(0) ack 1 <mss 1460, nop>", "S. 0:0(0) ack 1 <mss 1460,nop>"],
    ["> S. ...(0) ack 9", "S. ...(0) ack 9 <>"],
    [
      "<icmp unreachable frag_needed mtu 900 [1:5(4)]",
      "icmp unreachable frag_needed mtu 900 [1:5(4)]",
    ],
    ["< [1:5(4)] icmp redirect", "icmp redirect [1:5(4)]"],
    ["< .5 1:1(0) ack 1", ".EA 1:1(0) ack 1 <>"],
    ["< S 0:0(0) <FO abcd,nop>", "S 0:0(0) <FO abcd,nop>"],
  ] as const;
  for (const [text, written] of packets) {
    const { action } = readOne(`+0 ${text}`);
    if (action.kind !== "receive" && action.kind !== "expect") throw new Error(action.kind);
    assertEquals(formatPacket(action.packet), written);
  }
});

Deno.test("Branches are chosen by name, and comments have no power over code", () => {
  const text = `
#ifdef ONE
+1 close(1) = 0
#else
+2 close(2) = 0
#ifdef TWO
+3 close(3) = 0
#endif
#endif
+4 \`echo # // "\`
+5 %{ assert 7 // 2 == 3 # yes }%
`;
  const lines = (...names: string[]) => read(text, ...names).map(({ line }) => line);
  assertEquals(lines("ONE"), [3, 10, 11]);
  assertEquals(lines("TWO"), [5, 7, 10, 11]);
  assertEquals(read(text)[2]?.action, { kind: "python", text: " assert 7 // 2 == 3 # yes " });
});

Deno.test("What is not in the language is refused with file and line", () => {
  for (
    const [text, problem] of [
      ["0 close(3)", 'a.pkt:3: 0 close(3)["=" expected]'],
      ["+0 < S 0:5(0)", "a length of 5"],
      ["+0 < X 0:0(0)", "flags expected"],
      ["+0 < icmp unreachable planet", 'instead of "planet"'],
      ["+ close(3) = 0", "a time expected"],
      [`0 f(${"[".repeat(5000)}`, "something less deep"],
      [`0 f(${"-".repeat(5000)}`, "something less deep"],
    ] as const
  ) assertThrows(() => read(`\n\n${text}`), SyntaxError, problem);
  assertStringIncludes(
    assertThrows(() => read("+0 < udp (100)"), Unsupported).message,
    "not those of TCP",
  );
});
