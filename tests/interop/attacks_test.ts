import { assert, assertLess, assertStringIncludes } from "@std/assert";
import { type Headgate, python, report, type User } from "./harness.ts";
import { SERVER } from "./addresses.ts";
import { internetTest, servePage, type Trip } from "./internet.ts";

/** More than headgate may ever have held in memory, in bytes: 200 MB as ps counts them. */
const MOST_MEMORY = 200 << 20;

/** What a program in the guest does to headgate. */
interface Attack {
  /** What it is, as the name of a test goes on. */
  readonly name: string;
  readonly words: readonly string[];
  /** Why packets of it are dropped: what the summary has to say. */
  readonly reasons?: readonly string[];
  /** @default root */
  readonly users?: readonly User[];
}

// Arguments: a file with the page, one that says that it is over, then the attack's words. It
// need not succeed: what it wants is to do harm.
const SCRIPT = `
page=$1 over=$2
shift 2
(
  fetched=0
  while ! [ -e "$over" ]; do
    curl -sS --max-time 20 http://${SERVER.ipv4}/ | cmp - "$page" || exit
    fetched=$((fetched + 1))
  done
  echo "@fetched $fetched"
) &
"$@" >&2
touch "$over"
wait
echo @over
read -r rest`;

for (const { name, words, reasons = [], users } of attacks()) {
  const programs = ["cmp", "curl", words[0] ?? ""];
  internetTest(`${name}: headgate stays small and serves curl all the while`, {
    programs,
    users: users ?? ["root"],
  }, async (trip) => {
    const { stdout, stderr, peak } = await withstand(trip, words);
    const fetched = Number(/@fetched (\d+)/.exec(stdout)?.[1]);
    report(`${name}: headgate had ${peak >> 20} MiB at most; ${fetched} pages`);
    assert(fetched > 0, stderr);
    assertLess(peak, MOST_MEMORY);
    for (const reason of reasons) assertStringIncludes(stderr, reason);
  });
}

async function withstand(trip: Trip, words: readonly string[]) {
  const { scene, internet } = trip;
  await servePage(trip);
  const args = [`${scene.folder}/page`, `${scene.folder}/over`, ...words];
  const headgate = scene.start(["sh", "-c", SCRIPT, "sh", ...args], {
    prefix: internet.host,
    stdin: "piped",
    options: ["--summary"],
  });
  await headgate.untilSaid("@over\n");
  const peak = peakOf(headgate);
  await headgate.stdin.close();
  return { ...await headgate.outcome, peak };
}

/** The most that a process has held in memory so far, in bytes. */
function peakOf(headgate: Headgate): number {
  const status = Deno.readTextFileSync(`/proc/${headgate.pid}/status`);
  return 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1]);
}

function attacks(): readonly Attack[] {
  const flood = ["hping3", "-q", "-n", "-i", "u10", "-c", "20000"];
  const scan = ["nmap", "-n", "-Pn", "-T5", "--max-retries", "0", "--host-timeout", "15s"];
  return [
    { name: "hping3 floods with SYNs", words: [...flood, "-S", "-p", "80", SERVER.ipv4] },
    {
      name: "SYNs whose handshake is never done",
      words: forge(`
for number in range(20000):
  syn = struct.pack("!HHIIHHHH", 1024 + number, 80, number, 0, 0x5002, 512, 0, 0)
  pseudo = socket.inet_aton("10.0.2.77") + socket.inet_aton("${SERVER.ipv4}") + b"\\0\\6\\0\\24"
  send(ipv4(syn[:16] + struct.pack("!H", checksum(pseudo + syn)) + syn[18:], 6, "10.0.2.77"))
  if number % 100 == 99: time.sleep(0.005)`),
    },
    { name: "hping3 floods with ACKs", words: [...flood, "-A", "-p", "80", SERVER.ipv4] },
    {
      name: "hping3 floods with SYNs from everywhere",
      words: [...flood, "-S", "-p", "80", "--rand-source", SERVER.ipv4],
      reasons: ["InvalidSource"],
    },
    {
      name: "hping3 floods with datagrams to a port after the other",
      words: [...flood, "--udp", "-d", "100", "-p", "++1000", SERVER.ipv4],
      users: ["root", "rootless"],
    },
    { name: "hping3 floods with echo requests", words: [...flood, "--icmp", SERVER.ipv4] },
    {
      name: "hping3 floods with fragments",
      words: [...flood, "--udp", "-p", "7", "-d", "3000", "-f", "-m", "1400", SERVER.ipv4],
    },
    { name: "nmap -sU", words: [...scan, "-sU", "-F", "--min-rate", "1000", SERVER.ipv4] },
    { name: "nmap -sO", words: [...scan, "-sO", "--min-rate", "1000", SERVER.ipv4] },
    {
      name: "fragments whose datagrams are never whole",
      words: forge(`
for id in range(20000):
  send(ipv4(bytes(1400), identification=id, more=True))
  send(ipv6(fragment(bytes(1400), id, more=True), next_header=44))`),
      reasons: ["FragmentEvicted"],
      users: ["root", "rootless"],
    },
    {
      name: "fragments that overlap, that reach beyond 65535 bytes, and that are tiny",
      words: forge(`
for id in range(4000):
  for offset, data, more in (0, bytes(64), True), (24, bytes(64), True), (64, bytes(8), False):
    send(ipv4(data, identification=id, offset=offset, more=more))
    send(ipv6(fragment(data, id, offset, more), next_header=44))
  send(ipv4(bytes(1400), identification=id, offset=65528))
  send(ipv6(fragment(bytes(1400), id, 65528), next_header=44))
  syn = struct.pack("!HHIIHHHH", 1000, 80, id, 0, 0x5002, 512, 0, 0)
  send(ipv4(syn[:8], protocol=6, identification=id, more=True))
  send(ipv4(syn[8:], protocol=6, identification=id, offset=8))`),
      reasons: ["OverlappingFragment", "Malformed"],
    },
    {
      name: "forged sources of both families",
      words: forge(`
for number in range(20000):
  for source in "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "10.0.2.2", "192.0.2.1":
    send(ipv4(datagram(number), source=source))
  for source in "::1", "::", "ff02::1", "::ffff:127.0.0.1", "fd00::2", "2001:db8:0:1::1":
    send(ipv6(datagram(number), source=source))`),
      reasons: ["InvalidSource"],
    },
    {
      name: "datagrams from every port to every port",
      words: forge(`
for number in range(65536):
  send(ipv4(datagram(number)))
  send(ipv6(datagram(number)))`),
    },
    {
      name: "packets of random bytes",
      words: forge(`
import random
random = random.Random(4)
for number in range(20000):
  junk = random.randbytes(random.randrange(200))
  protocol = random.choice([0, 1, 6, 17, 43, 44, 58, 60, random.randrange(256)])
  send(ipv4(junk, protocol=protocol))
  send(ipv6(junk, next_header=protocol))
  send((b"\\x45" if number & 1 else b"\\x60") + junk)`),
      reasons: ["Truncated", "Malformed", "BadChecksum"],
    },
    {
      name: "malformed queries to the name server",
      words: python(`
import random
random = random.Random(4)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
  for number in range(20000):
    client.sendto(random.randbytes(random.randrange(100)), ("10.0.2.3", 53))`),
    },
  ];
}

/** The words that run a Python program that makes packets itself. */
function forge(program: string): string[] {
  return python(`
link = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
def send(packet):
  try: link.sendto(packet, ("tun0", 0x0800 if packet[0] >> 4 == 4 else 0x86dd, 0, 0, b""))
  except OSError as error:
    if error.errno != errno.ENOBUFS: raise
def checksum(data):
  total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
  while total >> 16: total = (total & 0xffff) + (total >> 16)
  return ~total & 0xffff
def ipv4(payload, protocol=17, source="10.0.2.100", identification=0, offset=0, more=False):
  header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identification & 0xffff,
    offset // 8 | more << 13, 64, protocol, 0,
    socket.inet_aton(source), socket.inet_aton("${SERVER.ipv4}"))
  return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload
def ipv6(payload, next_header=17, source="fd00::100"):
  addresses = [socket.inet_pton(socket.AF_INET6, it) for it in (source, "${SERVER.ipv6}")]
  return struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64) + b"".join(addresses) + payload
def fragment(data, identification, offset=0, more=False):
  return struct.pack("!BBHI", 17, 0, offset | more, identification) + data
def datagram(number):
  return struct.pack("!HHHH", number & 0xffff, number * 7 & 0xffff, 8, 0)
${program}`);
}
