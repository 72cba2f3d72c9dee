import { assertEquals, assertMatch } from "@std/assert";
import { NAME_SERVER, SERVER } from "./addresses.ts";
import { internetTest, serveNames, servePage, type Trip } from "./internet.ts";

/** What dig says of an answer. */
interface Answer {
  readonly status: string;
  /** The records' data, as dig writes it. */
  readonly data: readonly string[];
}

/** Runs dig in the guest, once for each query. */
async function dig({ run }: Trip, queries: readonly string[]): Promise<readonly Answer[]> {
  const script = 'for query; do dig +noall +comments +answer $query; echo "@end"; done';
  const { code, stdout, stderr } = await run(["sh", "-c", script, "sh", ...queries]);
  assertEquals([code, stderr], [0, ""], stdout);
  return stdout.split("@end\n").slice(0, -1).map((said) => ({
    status: /status: (\w+)/.exec(said)?.[1] ?? said,
    data: [...said.matchAll(/^[^;\s].*?\sIN\s+\w+\s+(.*)$/gm)].map((match) => match[1] ?? ""),
  }));
}

const LONG_TEXT = Array.from({ length: 12 }, (_, at) => `"${String(at).padStart(250, ".")}"`);

internetTest("dig gets every type of record from the guest's name server", {
  programs: ["dig"],
}, async (trip) => {
  await serveNames(trip);
  const expected = {
    "web.internet.test A": [SERVER.ipv4],
    "web.internet.test AAAA": [SERVER.ipv6],
    "web.internet.test A +tcp": [SERVER.ipv4],
    "text.internet.test TXT": ['"one" "two words"'],
    "_web._tcp.internet.test SRV": ["10 20 80 web.internet.test."],
    "internet.test MX": ["5 web.internet.test."],
    "alias.internet.test A": ["further.internet.test.", "web.internet.test.", SERVER.ipv4],
    "ipv4.internet.test AAAA": [],
    "long.internet.test TXT": [LONG_TEXT.join(" ")],
    "long.internet.test TXT +noedns": [LONG_TEXT.join(" ")], // truncated, then by TCP
    "long.internet.test TXT +bufsize=1232": [LONG_TEXT.join(" ")],
    "long.internet.test TXT +ignore +bufsize=4096": [LONG_TEXT.join(" ")], // by UDP alone
    "long.internet.test TXT +ignore +noedns": [],
  };
  const answers = await dig(trip, Object.keys(expected));
  const data = Object.keys(expected).map((query, at) => [query, answers[at]?.data]);
  assertEquals(Object.fromEntries(data), expected);
  assertEquals(new Set(answers.map(({ status }) => status)), new Set(["NOERROR"]));
});

internetTest("dig sees why there is no answer", { programs: ["dig"] }, async (trip) => {
  await serveNames(trip);
  const answers = await dig(trip, [
    "missing.internet.test",
    "broken.internet.test",
    "refused.internet.test",
    "host.headgate.internal",
  ]);
  assertEquals(
    answers.map(({ status }) => status),
    ["NXDOMAIN", "SERVFAIL", "REFUSED", "NXDOMAIN"],
  );
});

internetTest("dig asks a server elsewhere itself", { programs: ["dig"] }, async (trip) => {
  await serveNames(trip);
  const [byDatagram, byStream] = await dig(trip, [
    `@${NAME_SERVER.ipv4} text.internet.test TXT`,
    `@${NAME_SERVER.ipv6} long.internet.test TXT`,
  ]);
  assertEquals(byDatagram?.data, ['"one" "two words"']);
  assertEquals(byStream?.data, [LONG_TEXT.join(" ")]);
});

internetTest("curl fetches a page by name over both families", {
  programs: ["curl"],
}, async (trip) => {
  await serveNames(trip);
  const page = await servePage(trip);
  const used = ["-w", "%{stderr}%{remote_ip}\\n"];
  for (
    const [name, family, address] of [
      ["web.internet.test", "-4", SERVER.ipv4],
      ["web.internet.test", "-6", SERVER.ipv6],
      ["ipv4.internet.test", "-s", SERVER.ipv4],
      ["ipv6.internet.test", "-s", SERVER.ipv6],
      ["alias.internet.test", "-s", undefined],
    ] as const
  ) {
    const { code, stdout, stderr } = await trip.run([
      ...["curl", "-sS", family, ...used, `http://${name}/`],
    ]);
    assertEquals(code, 0, stderr);
    assertEquals(stdout, page);
    if (address !== undefined) assertEquals(stderr, `${address}\n`);
  }
});

internetTest("the host has a name in the guest when its loopback may be reached", {
  programs: ["getent"],
}, async (trip) => {
  await serveNames(trip);
  const { stdout } = await trip.run(["getent", "ahosts", "host.headgate.internal"], {
    options: ["--host-loopback"],
  });
  assertMatch(stdout, /^10\.0\.2\.2 +STREAM/m);
});

internetTest(
  "a guest's resolv.conf names its name server; the host's stays as it is",
  {},
  async (trip) => {
    const { stdout } = await trip.run(["cat", "/etc/resolv.conf"]);
    assertMatch(stdout, /^nameserver 10\.0\.2\.3$/m);
    const host = await trip.internet.onHost(["cat", "/etc/resolv.conf"]);
    assertEquals(host, `nameserver ${NAME_SERVER.ipv4}\n`);
  },
);

internetTest("a guest on a TAP configures itself, and curl works by name over both families", {
  programs: ["curl", "udhcpc"],
}, async (trip) => {
  await serveNames(trip);
  const page = await servePage(trip);
  const script = `
    udhcpc -i tap0 -n -q -f >&2
    until ip -6 address show dev tap0 scope global -tentative | grep -q inet6; do sleep 0.1; done
    curl -sS -4 http://alias.internet.test/
    curl -sS -6 http://alias.internet.test/`;
  const settings = { options: ["--tap"] };
  const { code, stdout, stderr } = await trip.run(["sh", "-ec", script], settings);
  assertEquals(code, 0, stderr);
  assertEquals(stdout, page + page);
});
