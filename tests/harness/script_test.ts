import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { formatPacket } from "./packet_spec.ts";
import { parseScript } from "./parser.ts";
import { Conversation } from "./script.ts";

Deno.test("A script is read into steps with the numbers of their lines", () => {
  const steps = parseScript(`
    // a comment
    < S 0:0(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7> # another
    +1.5 > S. 0:0(0) ack 1 <...>
    {
    }
  `);
  assertEquals(steps.map(({ kind, line }) => `${kind} ${line}`), [
    "receive 3",
    "wait 4",
    "expect 4",
    "begin 5",
    "end 6",
  ]);
});

Deno.test("What is read is written in the same notation", () => {
  const lines = [
    "S 0:0(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>",
    "FP. -5:95(100) ack 2147483648 win 0 <sack 1:2 -3:4,eol>",
    "SEWA 1:1(0)",
    "- 1:11(10) urg 5 <raw 22040102> gso 1460 junk",
    "icmp unreachable host_unreachable [0:0(0)]",
  ];
  for (const line of lines) {
    const [step] = parseScript(`> ${line}`);
    assertEquals(step?.kind === "expect" && formatPacket(step.packet), line);
  }
});

Deno.test("What is not in the language is refused, with the place", () => {
  for (
    const [line, problem] of [
      ["< S 0:5(0)", "a length of 5"],
      ["< X 0:0(0)", "[flags expected]X"],
      ["< S 0:0(0) wim 5", "the end of the line expected]wim 5"],
      ["< S 0:0(0) <mss>", "[a number expected]>"],
      ["+5 hello", "[a step or the end of the line expected]hello"],
      ["> icmp unreachable planet", 'instead of "planet"'],
    ] as const
  ) assertThrows(() => parseScript(`\n${line}`), SyntaxError, problem);
  assertThrows(() => parseScript("\n\n? what"), SyntaxError, "line 3");
});

/** What a conversation says when `script` is not what happens. */
function failureOf(script: string, run = (_talk: Conversation): void => {}): string {
  const talk = new Conversation().establish();
  return assertThrows(() => {
    run(talk);
    talk.play(script).end();
  }, Error).message;
}

Deno.test("A conversation fails when a packet is missing", () => {
  const message = failureOf("> . 1:1(0) ack 1");
  assertStringIncludes(message, "line 1: the packet differs");
  assertStringIncludes(message, "but came nothing");
});

Deno.test("A conversation fails when there is one too many, with the time", () => {
  assertStringIncludes(failureOf("< F. 1:1(0) ack 1"), "at the end: unexpected > . 1:1(0) ack 2");
  const late = failureOf("+1000 > P. 1:11(10) ack 1", (talk) => {
    talk.write(10);
    talk.play("> P. 1:11(10) ack 1");
  });
  assertStringIncludes(late, "before 1000 ms");
  assertStringIncludes(late, "unexpected > P. 1:11(10) ack 1 win 65535 <> at 200 ms");
});

Deno.test("A conversation fails when a field differs, and says which", () => {
  const sends = (talk: Conversation): void => {
    talk.write(10);
  };
  for (
    const [expected, field] of [
      ["> . 1:11(10) ack 1", "flags"],
      ["> P. 2:12(10) ack 1", "sequence number"],
      ["> P. 1:10(9) ack 1", "length"],
      ["> P. 1:11(10) ack 2", "acknowledgment"],
      ["> P. 1:11(10) ack 1 win 5", "window"],
      ["> P. 1:11(10) ack 1 <mss 1460>", "options"],
      ["> P. 1:11(10) ack 1 gso 1460", "segment size"],
      ["> icmp unreachable host_unreachable", "protocol"],
    ] as const
  ) assertStringIncludes(failureOf(expected, sends), `the ${field} differs`);
});

Deno.test("A conversation fails when the bytes are not those that belong there", () => {
  const message = failureOf("> P. 1:4(3) ack 1", (talk) => {
    talk.connection.write(Uint8Array.of(1, 2, 3));
  });
  assertStringIncludes(message, "the payload is not our text");
  const read = failureOf("", (talk) => {
    talk.play(`
      < P. 1:11(10) ack 1 junk
      > . 1:1(0) ack 11
    `);
    talk.read();
  });
  assertStringIncludes(read, "what was read is not bytes 1 and on");
});

Deno.test("A conversation fails when a packet is for another port", () => {
  const message = failureOf("> P. 1:11(10) ack 1", (talk) => {
    talk.write(10);
    talk.port = 41_000;
  });
  assertStringIncludes(message, "the port differs");
  assertStringIncludes(message, "(to port 40000)");
});
