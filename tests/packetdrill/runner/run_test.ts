import { assertEquals, assertStringIncludes } from "@std/assert";
import { PERSONAS } from "./personas.ts";
import { formatVerdict, type Verdict } from "./report.ts";
import { runText } from "./run.ts";

const ACCEPTED = `
 0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 30000 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
+.1 < . 1:1(0) ack 1 win 30000
+0 accept(3, ..., ...) = 4
`;

/** What becomes of a script. */
function run(text: string, name = "linux", strictEnd = true): Verdict {
  const persona = PERSONAS[name];
  if (!persona) throw new Error(`there is no ${name}`);
  return runText("a.pkt", text, { persona, strictEnd });
}

/** What is said about a script that begins with an accepted connection. */
function say(text: string): string {
  return formatVerdict("a.pkt", run(ACCEPTED + text));
}

Deno.test("A script passes when everything happens as it says", () => {
  const text = `
+0 write(4, ..., 100) = 100
+0 > P. 1:101(100) ack 1
+.1 < P. 1:51(50) ack 101 win 30000
+0 > . 1:1(0) ack 51
`;
  assertEquals(say(text.replace("> . 1:1(0)", "> . 101:101(0)")), "PASS a.pkt");
  assertStringIncludes(say(text), "differs in its sequence number");
});

Deno.test("A failure shows what was expected, what came, and what came before", () => {
  const text = say("+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 2");
  for (
    const part of [
      "FAIL a.pkt: line 10: the packet differs in its acknowledgment",
      "expected > P. 1:101(100) ack 2 <>",
      "but came > P. 1:101(100) ack 1 win",
      "0.000000 < S 0:0(0) win 30000 <mss 1000>",
      "0.000000 > S. 0:0(0) ack 1 win",
      "0.100000 > P. 1:101(100) ack 1",
    ]
  ) assertStringIncludes(text, part);
});

Deno.test("A script fails when a packet is missing, late, early, or one too many", () => {
  assertStringIncludes(say("+0 > . 1:1(0) ack 1"), "has not come by 0.104");
  assertStringIncludes(
    say("+0 write(4, ..., 9) = 9\n+0 > P. 1:10(9) ack 1\n+.1 > P. 1:10(9) ack 1"),
    "has not come by",
  );
  assertStringIncludes(
    say("+0 write(4, ..., 9) = 9\n+1 > P. 1:10(9) ack 1"),
    "the packet came at 0.100000 instead of 1.100000",
  );
  const silent = "+0 write(4, ..., 9) = 9";
  assertStringIncludes(say(silent), "at the end: unexpected > P. 1:10(9) ack 1");
  assertEquals(run(ACCEPTED + silent, "linux", false).kind, "pass");
});

Deno.test("A script fails when a call returns something else, or not in time", () => {
  assertStringIncludes(say("+0 write(4, ..., 9) = 8"), "write() has returned 9, not 8");
  assertStringIncludes(say("+0 read(5, ..., 9) = 8"), "read() has returned -1 EBADF, not 8");
  assertStringIncludes(say("+0 read(4, ..., 9) = 8"), "read() has not returned by 0.104");
  assertStringIncludes(
    say("+0...0.5 read(4, ..., 9) = 9\n+.1 < P. 1:10(9) ack 1 win 3000\n* > . 1:1(0) ack 10"),
    "the return of read() came at 0.200000 instead of 0.600000",
  );
  assertStringIncludes(
    say("+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0"),
    "SO_ERROR is 0, not [ECONNRESET]",
  );
});

Deno.test("Assertions are about tcp_info, and variables last", () => {
  assertEquals(
    say("+0 %{ cwnd = 9; cwnd += 1; assert tcpi_snd_cwnd == cwnd, 'x' }%"),
    "PASS a.pkt",
  );
  assertEquals(
    say(
      "+0 %{ assert not (tcpi_state != TCP_ESTABLISHED or 1 > 2) and 7//2 == 3 and -1 < 0 <= 0\n }%",
    ),
    "PASS a.pkt",
  );
  assertStringIncludes(say("+0 %{ assert tcpi_snd_cwnd == 3 }%"), "tcpi_snd_cwnd is 10");
});

Deno.test("What is not served skips the script, with the reason", () => {
  for (
    const [text, reason] of [
      ["+0 `rm -rf /`", 'the command "rm -rf /" is not served'],
      ["0 `sysctl -w net.ipv4.tcp_wonder=1`", "net.ipv4.tcp_wonder=1 is not served"],
      ["+0 splice(4, 5) = 3", "splice() is not served"],
      ["+0 %{ import os\nos.exit() }%", 'the Python "os.exit()" is not served'],
      ["+0 < S 0:0(0) <FO abcd>", "the option FO is not served"],
    ] as const
  ) {
    const verdict = run(text);
    assertEquals(verdict.kind, "skip");
    assertStringIncludes(formatVerdict("a.pkt", verdict), reason);
  }
});

Deno.test("Of several right answers one is enough", () => {
  const text = `--persona=freebsd${ACCEPTED.replace("ack 1 <mss 1460>", "ack 1 <...>")}
#ifdef STANDARD
+0 write(4, ..., 9) = 9
#else
+0 write(4, ..., 9) = 8
#endif
`;
  assertEquals(run(text, "linux", false).kind, "pass");
  assertEquals(run(text.replace("= 9", "= 7"), "linux", false).kind, "fail");
});

Deno.test("What was not looked at, or which reading passed, is noted", () => {
  const text = "--wire_client\n#ifdef linux\n+0 `true`\n#endif\n";
  assertEquals(
    formatVerdict("a.pkt", run(text)),
    "PASS a.pkt\n    with linux, Linux, STANDARD\n    the option --wire_client is ignored",
  );
});

Deno.test("Settings come before the stack, and states are counted", () => {
  const text = `
 0 \`sysctl -q net.ipv4.tcp_sack=0 net.ipv4.tcp_rmem="4096 $((64*1024)) 131072"\`
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 30000 <mss 1000,sackOK,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 2>
+0 \`ss -tan | grep -c SYN-RECV | grep 1\`
+0 \`sockstat -4 -P tcp -s | grep -c SYN_RCVD | grep 1\`
+.1 < . 1:1(0) ack 1 win 300
+0 \`ss -tan | grep -c SYN-RECV | grep 0\`
`;
  assertEquals(formatVerdict("a.pkt", run(text)), "PASS a.pkt");
  const wrong = run(text.replace("grep 0", "grep 2"));
  assertStringIncludes(formatVerdict("a.pkt", wrong), "0 connections are in SYN-RECV, not 2");
});

Deno.test("One large packet may come as several, unless the script is strict", () => {
  const text = `${ACCEPTED}
+0 write(4, ..., 3000) = 3000
+0 > P. 1:3001(3000) ack 1
`;
  assertEquals(run(text).kind, "pass");
  const strict = formatVerdict("a.pkt", run(`--strict_segments\n${text}`));
  assertStringIncludes(strict, "but came > . 1:1001(1000) ack 1");
});

Deno.test("Sequence numbers and timestamps are the script's, over both versions of IP", () => {
  for (const [version, mss] of [["ipv4", 1460], ["ipv6", 1440]] as const) {
    const text = `--ip_version=${version}
--tcp_ts_tick_usecs=1000
 0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 700:700(0) win 30000 <mss 1000,sackOK,TS val 50 ecr 0>
+0 > S. 90:90(0) ack 701 <mss ${mss},sackOK,TS val 4294967290 ecr 50>
+.1 < . 701:701(0) ack 91 win 30000 <nop,nop,TS val 150 ecr 4294967290>
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 5) = 5
+0 > P. 91:96(5) ack 701 <nop,nop,TS val 94 ecr 150>
+.1 < . 711:721(10) ack 96 win 30000 <nop,nop,TS val 250 ecr 94>
+0 > . 96:96(0) ack 701 <nop,nop,TS val 194 ecr 150,nop,nop,sack 711:721>
`;
    assertEquals(formatVerdict("a.pkt", run(text)), "PASS a.pkt");
    const wrong = run(text.replace("val 194", "val 184"));
    assertStringIncludes(formatVerdict("a.pkt", wrong), "differs in its options");
  }
});

Deno.test("A script is for the system that it names, or else that it looks like", () => {
  const connect = `
 0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
`;
  const bsd = connect + "+0 > S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 100 ecr 0>\n";
  const run = (text: string) => runText("a.pkt", text, { strictEnd: true }).kind;
  assertEquals(run(bsd), "fail");
  assertEquals(
    run("0 `sysctl -w net.inet.tcp.rfc1323=1`\n" + bsd.replace(" 0 socket", "+0 socket")),
    "pass",
  );
  assertEquals(run("--mtu=1500 --persona=freebsd\n" + bsd), "pass");
});
