import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { guestTest, inMountNamespace, ownGuestTest } from "./harness.ts";
import { prepareGuest } from "../../lib/namespace/guest.ts";

const RAN = ["sh", "-c", "echo ran"];
const OPTIONS = {
  command: ["true"],
  interfaceName: "eth0",
  mtu: 1500,
  offload: true,
  networks: [{ address: "10.0.2.100", prefixLength: 24, gateway: "10.0.2.2" }],
};

for (const tool of ["ip", "setpriv"]) {
  ownGuestTest(`A command does not run without ${tool}, and one line says why`, async (test) => {
    const hide = `for folder in /usr/sbin /usr/bin /sbin /bin; do
        if [ -e $folder/${tool} ]; then mount --bind /dev/null $folder/${tool}; fi
      done`;
    const { status, output, errors } = await test.start(RAN, {
      environment: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      prefix: inMountNamespace(hide),
    }).outcome();
    assertEquals({ status, output }, { status: 1, output: "" });
    const reason = `tools: ${tool} cannot be found; install `;
    assertMatch(errors, new RegExp(`^headgate: Cannot set up a guest: ${reason}.*\n$`));
  });
}

ownGuestTest("A command does not run without /dev/net/tun, and one line says so", async (test) => {
  const prefix = inMountNamespace("mount -t tmpfs none /dev/net");
  const { status, output, errors } = await test.start(RAN, { prefix }).outcome();
  assertEquals({ status, output }, { status: 1, output: "" });
  assertMatch(errors, /^headgate: Cannot make .*: TUN device: \/dev\/net\/tun: .*; load .*\n$/);
});

ownGuestTest("A command does not run when user namespaces are used up", async (test) => {
  const script = "echo 0 >/proc/sys/user/max_user_namespaces; " +
    'exec setpriv --bounding-set=-all --inh-caps=-all -- "$@"';
  const prefix = ["unshare", "--user", "--map-root-user", "sh", "-ec", script, "sh"];
  const { status, output, errors } = await test.start(RAN, { prefix }).outcome();
  assertEquals({ status, output }, { status: 1, output: "" });
  assertEquals(
    errors,
    "headgate: Cannot make the namespaces of the guest: user namespace: " +
      'user.max_user_namespaces is 0; as root, "sysctl -w user.max_user_namespaces=10000"\n',
  );
});

guestTest("A command does not run when its link cannot be configured", async ({ start }) => {
  const { status, output, errors } = await start(["address=nonsense", ...RAN]).outcome();
  assertEquals({ status, output }, { status: 1, output: "" });
  assertMatch(errors, /^headgate: Cannot configure the network of the guest: .*nonsense.*\n$/);
});

guestTest("A command does not run when its link cannot be made", async ({ start }) => {
  const { status, output, errors } = await start(["name=lo", ...RAN]).outcome();
  assertEquals({ status, output }, { status: 1, output: "" });
  assertMatch(errors, /^headgate: Cannot make the TUN device "lo": .*; choose another\n$/);
});

guestTest("A command that sees the processes outside comes with a warning", async (test) => {
  // Who may not see all of /proc may not mount another one in a user namespace.
  const prefix = inMountNamespace("mount -t tmpfs none /proc/bus");
  const { status, output, errors } = await test.start(RAN, { prefix }).outcome();
  assertEquals({ status, output }, { status: 0, output: "ran\n" });
  if (errors !== "") assertStringIncludes(errors, "headgate: The command sees the processes");
});

ownGuestTest("A set-up that its caller ends leaves nothing", async () => {
  const before = children();
  for (let turns = 0; turns < 20; turns++) {
    const controller = new AbortController();
    const preparing = prepareGuest({ ...OPTIONS, signal: controller.signal });
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error("enough"));
    const guest = await preparing.catch((error: Error) => {
      assertEquals(error.message, "enough");
    });
    guest?.close(); // if it was faster
    await guest?.exited;
    assertEquals(children(), before);
  }
});

/** The process IDs of our children. */
function children(): string {
  return [...Deno.readDirSync("/proc/self/task")]
    .map(({ name }) => Deno.readTextFileSync(`/proc/self/task/${name}/children`))
    .join("");
}
