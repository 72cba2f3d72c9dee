import { assertEquals, assertMatch } from "@std/assert";
import { guestTest, inMountNamespace, ownGuestTest } from "./harness.ts";

const OWN = "nameserver 192.0.2.53";
const HOSTS = "nameserver 127.0.0.53";
const ASKS = [`resolv=${OWN}`, "sh", "-c"];

/** Commands that make a host's /etc and /run that a test may do with what it likes. */
const HOST = `
mount -t tmpfs etc /mnt
cp -a /etc/. /mnt
mount --move /mnt /etc
mount -t tmpfs run /run
echo ${HOSTS} >/etc/new
mv -f /etc/new /etc/resolv.conf`;

/** As systemd-resolved has it. */
const LINKED = `${HOST}
mkdir -p /run/systemd/resolve
mv /etc/resolv.conf /run/systemd/resolve/stub-resolv.conf
ln -s ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
touch /run/systemd/resolve/io.systemd.Resolve`;

guestTest("A guest has a resolv.conf of its own, and outside nothing has changed", async (test) => {
  const before = Deno.readTextFileSync("/etc/resolv.conf");
  const guest = test.start([...ASKS, "cat /etc/resolv.conf; echo; read -r word"]);
  assertEquals(await guest.line(), OWN);
  assertEquals(Deno.readTextFileSync("/etc/resolv.conf"), before);
  assertEquals(Deno.readTextFileSync("/proc/self/mounts").match(/^headgate .*/m), null);
  await guest.endInput();
  assertEquals((await guest.outcome()).errors, "");
});

guestTest(
  "A guest reads its resolv.conf whoever it is, and cannot change the host's",
  async (test) => {
    const look =
      'stat -c %a /etc/resolv.conf; echo x >>/etc/resolv.conf; grep -c "" /etc/resolv.conf';
    const { output } = await test.start([...ASKS, look], { prefix: inMountNamespace(HOST) })
      .outcome();
    assertEquals(output, "644\n1\n");
  },
);

guestTest("A guest's resolv.conf takes the place of what the host's is a link to", async (test) => {
  const look = "cat /etc/resolv.conf; echo; cat /run/systemd/resolve/*; ls /run/systemd/resolve";
  const prefix = inMountNamespace(LINKED);
  const { output } = await test.start([...ASKS, look], { prefix }).outcome();
  assertEquals(output, `${OWN}\n${OWN}stub-resolv.conf\n`);
});

for (const [name, host] of [["file", HOST], ["link", LINKED]] as const) {
  guestTest(`A guest keeps its resolv.conf when the host's ${name} is replaced`, async (test) => {
    const wait = `echo ready; read -r word
      until grep "${OWN}" /etc/resolv.conf; do sleep 0.05; done`;
    const guest = test.start([...ASKS, wait], { prefix: inMountNamespace(host) });
    await guest.line();
    const root = `/proc/${guest.pid}/root`;
    const target = name === "link" ? "run/systemd/resolve/stub-resolv.conf" : "etc/resolv.conf";
    Deno.writeTextFileSync(`${root}/etc/../${target}.new`, "nameserver 127.0.0.1\n");
    Deno.renameSync(`${root}/${target}.new`, `${root}/${target}`);
    await guest.type("go\n");
    assertEquals(await guest.line(), OWN);
    assertEquals(Deno.readTextFileSync(`${root}/${target}`), "nameserver 127.0.0.1\n");
  });
}

ownGuestTest("A guest cannot ask nscd, which would not ask its name server", async (test) => {
  const bind = `import socket; socket.socket(socket.AF_UNIX).bind("/run/nscd/socket")`;
  const prefix = inMountNamespace(`${HOST}\nmkdir /run/nscd\npython3 -c '${bind}'`);
  const look = "[ -S /run/nscd/socket ] || stat -c %s /run/nscd/socket";
  assertEquals((await test.start([...ASKS, look], { prefix }).outcome()).output, "0\n");
}, ["python3"]);

guestTest(
  "Without a resolv.conf to hide there is none for the guest, and one line says so",
  async (test) => {
    for (const change of ["rm /etc/resolv.conf", "ln -sf /nowhere /etc/resolv.conf"]) {
      const prefix = inMountNamespace(`${HOST}\n${change}`);
      const { status, output, errors } = await test.start([...ASKS, "echo ran"], { prefix })
        .outcome();
      assertEquals([status, output], [1, ""]);
      assertMatch(
        errors,
        /^headgate: Cannot give the guest a resolv\.conf: .*; make an empty one\n$/,
      );
    }
  },
);
