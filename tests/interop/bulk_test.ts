import { assertEquals, assertGreater } from "@std/assert";
import { createHash } from "node:crypto";
import { interopTest, report, type Scene } from "./harness.ts";
import { readAll, writeAll } from "./host.ts";

/** Bytes in each direction; multiples of a mebibyte. A check by hand takes 1 GiB. */
const SIZE = Number(Deno.env.get("HEADGATE_INTEROP_BYTES") ?? 64 << 20);
/** With losses each packet takes longer; but there have to be enough that some are lost. */
const lossySize = (packet: number) => packet > 1500 ? SIZE : Math.max(SIZE / 8, PIECE);
const PIECE = 1 << 20;
const BLOCK = randomBytes(PIECE + 65_536);

/** Drops one packet in a hundred, in each direction. */
const LOSSY = `
import subprocess
subprocess.run(["nft", "-f", "-"], check=True, text=True, input="""
table inet lossy {
  chain inward {
    type filter hook input priority 0
    iifname "tun0" numgen random mod 100 0 counter drop
  }
  chain outward {
    type filter hook output priority 0
    oifname "tun0" numgen random mod 100 0 counter drop
  }
}""")`;
const COUNT_LOSSES = `
ruleset = json.loads(subprocess.check_output(["nft", "-j", "list", "ruleset"]))
rules = [entry["rule"]["expr"] for entry in ruleset["nftables"] if "rule" in entry]
dropped = [part["counter"]["packets"] for rule in rules for part in rule if "counter" in part]`;

for (const mtu of [1500, 65_520]) {
  for (const offload of [true, false]) {
    const options = ["--mtu", String(mtu), ...offload ? [] : ["--no-offload"]];
    const how = `MTU ${mtu} with${offload ? "" : "out"} offload`;
    // What differs between users is how the device is made, not what goes through it.
    const users = mtu === 65_520 && offload ? ["root", "rootless"] as const : ["root"] as const;

    interopTest(`bulk data arrives intact, both ways and both at once, at ${how} (W-04, X-22)`, {
      programs: ["python3"],
      users,
      families: [4, 6],
    }, async (scene) => {
      const { up, down, both } = await transfer(scene, SIZE, options);
      report(
        `IPv${scene.family}, ${how}: up ${up}, down ${down}, both at once ${both} Gbit/s each`,
      );
    });

    interopTest(`bulk data arrives intact though 1 % is lost both ways, at ${how} (X-10, X-22)`, {
      programs: ["python3", "nft"],
      users,
      families: [4, 6],
    }, async (scene) => {
      const size = lossySize(offload ? 65_520 : mtu);
      const { up, down, both, dropped } = await transfer(scene, size, options, true);
      const rates = `up ${up}, down ${down}, both at once ${both} Gbit/s each`;
      report(`IPv${scene.family}, ${how}, 1 % lost: ${rates}; lost ${dropped.join(" in, ")} out`);
      assertGreater(dropped.reduce((sum, count) => sum + count), 0);
    });
  }
}

interface Rates {
  readonly up: string;
  readonly down: string;
  readonly both: string;
  readonly dropped: readonly number[];
}

/** Moves `size` bytes up, then down, then both at once, and compares what was sent and received. */
async function transfer(
  scene: Scene,
  size: number,
  options: readonly string[],
  isLossy = false,
): Promise<Rates> {
  const served: string[] = [];
  const note = async (hash: Promise<string>) => void served.push(await hash);
  await using up = scene.serve((connection) => note(receive(connection)));
  await using down = scene.serve((connection) => note(send(connection, size)));
  await using both = scene.serve(async (connection) => {
    const sending = send(connection, size);
    await note(receive(connection));
    await note(sending);
  });
  const { stdout } = await scene.python(
    `
block = os.urandom(${BLOCK.length})
def send(connection):
  sum = hashlib.sha256()
  for i in range(${size / PIECE}):
    piece = memoryview(block)[i * 4099 % 65536:][:${PIECE}]
    connection.sendall(piece)
    sum.update(piece)
  connection.shutdown(socket.SHUT_WR)
  return sum.hexdigest()
def receive(connection):
  sum, buffer = hashlib.sha256(), bytearray(1 << 18)
  while count := connection.recv_into(buffer): sum.update(memoryview(buffer)[:count])
  return sum.hexdigest()
def timed(name, work):
  start = time.monotonic()
  sums.extend(work())
  times[name] = time.monotonic() - start
def send_up():
  connection = connect(${up.port})
  sum = send(connection)
  connection.recv(1)
  return [sum]
def duplex():
  connection, received = connect(${both.port}), []
  thread = threading.Thread(target=lambda: received.append(receive(connection)))
  thread.start()
  sent = send(connection)
  thread.join()
  return [sent] + received
dropped, sums, times = [], [], {}
${isLossy ? LOSSY : ""}
timed("up", send_up)
timed("down", lambda: [receive(connect(${down.port}))])
timed("both", duplex)
${isLossy ? COUNT_LOSSES : ""}
print(json.dumps({"sums": sums, "times": times, "dropped": dropped}))`,
    { options: ["--host-loopback", ...options], timeout: 120_000 + size / 1000 },
  );
  await Promise.all([up.served(), down.served(), both.served()]);
  const { sums, times, dropped } = JSON.parse(stdout);
  assertEquals(sums.length, 4);
  assertEquals(sums, served);
  const rate = (name: string) => (size * 8e-9 / times[name]).toFixed(2);
  return { up: rate("up"), down: rate("down"), both: rate("both"), dropped };
}

/** Sends pieces that all differ; returns their SHA-256. */
async function send(connection: Deno.TcpConn, size: number): Promise<string> {
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += PIECE) {
    const shift = (at / PIECE * 4099) % 65_536;
    const piece = BLOCK.subarray(shift, shift + PIECE);
    hash.update(piece);
    await writeAll(connection, piece);
  }
  await connection.closeWrite();
  return hash.digest("hex");
}

async function receive(connection: Deno.TcpConn): Promise<string> {
  const hash = createHash("sha256");
  await readAll(connection, (piece) => void hash.update(piece));
  return hash.digest("hex");
}

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}
