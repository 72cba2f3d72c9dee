import { assertEquals } from "@std/assert";
import { answerTo, edns, query, read } from "../../tests/harness/dns.ts";
import { LocalNames } from "./local_names.ts";

const asked: string[] = [];
const others = {
  resolve: (bytes: Uint8Array<ArrayBuffer>) => {
    asked.push(read(bytes).questions?.[0]?.name ?? "");
    return Promise.resolve(answerTo(bytes));
  },
};
const never = new AbortController().signal;
const open = new LocalNames(["10.0.2.2", "fd00::2"], others);
const closed = new LocalNames([], others);

async function ask(names: LocalNames, ...about: Parameters<typeof query>) {
  const { id, rcode, answers, questions } = read(await names.resolve(query(...about), never));
  const data = answers?.map((answer) => "data" in answer && answer.data);
  return { id, rcode, data, name: questions?.[0]?.name };
}

Deno.test("The host has a name when its loopback may be reached, in any case of letters", async () => {
  const common = { id: 0x1234, rcode: "NOERROR" };
  const name = "Host.Headgate.Internal";
  assertEquals(await ask(open, name), { ...common, data: ["10.0.2.2"], name });
  assertEquals(await ask(open, name, "AAAA"), { ...common, data: ["fd00::2"], name });
  assertEquals(await ask(open, name, "TXT"), { ...common, data: [], name });
  const ipv4Only = new LocalNames(["10.0.2.2"], others);
  assertEquals(await ask(ipv4Only, name, "AAAA"), { ...common, data: [], name });
});

Deno.test("There is no such name otherwise, and nobody else is asked for it", async () => {
  asked.length = 0;
  assertEquals((await ask(closed, "host.headgate.internal")).rcode, "NXDOMAIN");
  assertEquals((await ask(open, "guest.headgate.internal")).rcode, "NXDOMAIN");
  assertEquals((await ask(open, "headgate.internal")).rcode, "NXDOMAIN");
  assertEquals(asked, []);
});

Deno.test("Other names are left to others", async () => {
  asked.length = 0;
  for (const name of ["internal", "host.headgate.internal.example", "xheadgate.internal"]) {
    await ask(open, name);
  }
  assertEquals(asked, ["internal", "host.headgate.internal.example", "xheadgate.internal"]);
});

Deno.test("Who asks for a local name with EDNS is answered with it (RFC 6891 §6.1.1)", async () => {
  const asked = query("host.headgate.internal", "A", [edns(1232, 0x8000)]);
  const { additionals, answers } = read(await open.resolve(asked, never));
  assertEquals([additionals?.[0]?.type, answers?.length], ["OPT", 1]);
});
