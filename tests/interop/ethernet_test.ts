import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { interopTest, python, type RunSettings, type Scene } from "./harness.ts";
import { pageServer } from "./host.ts";

const PAGE = new TextEncoder().encode("this is the page");
const RESOLV_CONF = "/etc/resolv.conf";
const OUR_MAC = "52:55:0a:00:02:02";

const UNCONFIGURED: RunSettings = { options: ["--tap", "--host-loopback", "--summary"] };
const CONFIGURED: RunSettings = {
  options: ["--tap", "--config-net", "--host-loopback", "--summary"],
};

const UDHCPC = "udhcpc -i tap0 -n -q -f >&2 || exit";
const UNTIL_SLAAC = `
  until ip -6 address show dev tap0 scope global | grep -q inet6; do sleep 0.1; done
  while ip -6 address show dev tap0 tentative | grep -q inet6; do sleep 0.1; done
  ip -6 route show default | grep -q 'via fe80::2 dev tap0 proto ra' || exit
`;

/** Runs a script in the guest beside web servers on 127.0.0.1 and ::1; expects it to succeed. */
async function runScript(scene: Scene, script: string, settings: RunSettings) {
  const before = await Deno.readTextFile(RESOLV_CONF);
  await using server = pageServer(PAGE);
  await using server6 = pageServer(PAGE, "::1");
  const curl = `
    fetch() { curl -sSg --max-time 20 "$@" && echo; }
    ipv4=http://10.0.2.2:${server.port}/ ipv6=http://[fd00::2]:${server6.port}/
    set -e
  `;
  const outcome = await scene.run(["sh", "-c", curl + script], settings);
  assertEquals(outcome.code, 0, outcome.stdout + outcome.stderr);
  assertEquals(await Deno.readTextFile(RESOLV_CONF), before); // the host's is none of its business
  return outcome;
}

interopTest(
  "udhcpc and SLAAC configure a guest on a TAP, and curl works over both families (B-01, 6-13)",
  {
    programs: ["udhcpc", "curl"],
  },
  async (scene) => {
    const { stdout } = await runScript(
      scene,
      `
    ${UDHCPC}
    fetch $ipv4
    grep nameserver /etc/resolv.conf
    ip route show default
    ${UNTIL_SLAAC}
    fetch $ipv6
    fetch http://host.headgate.internal\${ipv4#http://10.0.2.2}
    ip neighbor show 10.0.2.2
    `,
      UNCONFIGURED,
    );
    assertEquals(stdout.split("\n").slice(0, 5), [
      "this is the page",
      "nameserver 10.0.2.3",
      "default via 10.0.2.2 dev tap0 ",
      "this is the page",
      "this is the page",
    ]);
    assertStringIncludes(stdout, `10.0.2.2 dev tap0 lladdr ${OUR_MAC}`);
  },
);

interopTest(
  "dhclient configures a guest on a TAP, renews, and gives the address back (B-01, B-02, B-05)",
  {
    programs: ["dhclient", "curl"],
  },
  async (scene) => {
    const { stdout, stderr } = await runScript(
      scene,
      `
    dhclient() { /sbin/dhclient -v -1 -lf ${scene.folder}/leases -pf ${scene.folder}/pid "$@"; }
    dhclient tap0
    fetch $ipv4
    ip -4 address show dev tap0
    until [ -s ${scene.folder}/pid ]; do sleep 0.1; done
    kill $(cat ${scene.folder}/pid)
    dhclient tap0
    dhclient -r tap0
    `,
      UNCONFIGURED,
    );
    assertStringIncludes(stdout, "this is the page");
    assertStringIncludes(stdout, "inet 10.0.2.100/24 brd 10.0.2.255 scope global dynamic tap0");
    const said = stderr.match(/DHCP\w+(?= (of|for|on))/g);
    assertEquals(said, [
      ...["DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPACK"],
      ...["DHCPREQUEST", "DHCPACK", "DHCPRELEASE"], // it still knew its lease
    ]);
  },
);

interopTest("udhcpc renews its lease by unicast (B-02, B-05)", {
  programs: ["udhcpc", "curl"],
}, async (scene) => {
  const script = `
    udhcpc -i tap0 -n -f >${scene.folder}/said 2>&1 & pid=$!
    until grep -q obtained ${scene.folder}/said; do sleep 0.1; done
    fetch $ipv4
    kill -USR1 $pid
    until [ $(grep -c obtained ${scene.folder}/said) = 2 ]; do sleep 0.1; done
    cat ${scene.folder}/said
    kill $pid
  `;
  const { stdout } = await runScript(scene, script, UNCONFIGURED);
  assertEquals(stdout.match(/(?<=udhcpc: )(broadcasting|sending|lease)(?: \w+)/g), [
    ...["broadcasting discover", "broadcasting select", "lease of"],
    ...["sending renew", "lease of"],
  ]);
});

interopTest("dhclient -6 -S learns the name server (RFC 8415 §18.3.6)", {
  programs: ["dhclient"],
}, async (scene) => {
  const script = `
    ${UNTIL_SLAAC}
    dhclient -6 -S -v -1 -lf ${scene.folder}/leases -pf ${scene.folder}/pid tap0
    cat /etc/resolv.conf
  `;
  const { stdout, stderr } = await runScript(scene, script, UNCONFIGURED);
  assertEquals(stdout, "nameserver fd00::3\n");
  assertStringIncludes(stderr, "RCV: Reply message on tap0 from fe80::2.");
});

interopTest(
  "A guest on a TAP may write in /etc, and what it writes is gone with it",
  {},
  async (scene) => {
    const files = async () => (await Array.fromAsync(Deno.readDir("/etc"))).map(({ name }) => name);
    const before = await files();
    const script = "echo new >/etc/headgate-test; cat /etc/headgate-test; test -r /etc/passwd";
    const { stdout } = await runScript(scene, script, UNCONFIGURED);
    assertEquals([stdout, await files()], ["new\n", before]);
  },
);

interopTest("A guest on a TAP that is configured has both families at once", {
  programs: ["curl"],
}, async (scene) => {
  const script = "fetch $ipv4; fetch $ipv6; ip -6 address show dev tap0; ip -6 route";
  const { stdout } = await runScript(scene, script, CONFIGURED);
  assertMatch(stdout, /^this is the page\nthis is the page\n/);
  assertEquals(stdout.match(/inet6 \S+/g), ["inet6 fd00::100/64"]); // and no other
  assertEquals(stdout.match(/^default .*/gm)?.length, 1);
});

interopTest("A capture of a TAP has frames, ARP among them (Z-05)", {
  programs: ["curl", "tcpdump"],
}, async (scene) => {
  const file = `${scene.folder}/capture.pcap`;
  const options = [...CONFIGURED.options ?? [], "--pcap", file];
  await runScript(scene, "fetch $ipv4", { options });
  const tcpdump = new Deno.Command("tcpdump", { args: ["-enr", file], stderr: "null" });
  const text = new TextDecoder().decode((await tcpdump.output()).stdout);
  assertMatch(
    text,
    /> ff:ff:ff:ff:ff:ff, ethertype ARP .*: Request who-has 10.0.2.2 tell 10.0.2.100/,
  );
  assertStringIncludes(text, `Reply 10.0.2.2 is-at ${OUR_MAC}`);
  assertMatch(text, /ethertype IPv4 .*: 10.0.2.100.\d+ > 10.0.2.2.\d+: Flags \[S\]/);
});

interopTest("arping finds the gateway, and for a free address nobody (E-01, E-03)", {
  programs: ["arping"],
}, async (scene) => {
  const script = `
    arping -c 1 -I tap0 10.0.2.2
    arping -c 1 -I tap0 10.0.2.3
    ! arping -D -c 1 -w 1 -I tap0 10.0.2.2
    arping -D -c 1 -w 1 -I tap0 10.0.2.100
    arping -D -c 1 -w 1 -I tap0 10.0.2.101
  `;
  const { stdout } = await runScript(scene, script, CONFIGURED);
  const replies = stdout.match(/reply from \S+ \[\S+\]/g) ?? [];
  const mac = OUR_MAC.toUpperCase();
  assertEquals(
    replies,
    ["10.0.2.2", "10.0.2.3", "10.0.2.2"].map((own) => `reply from ${own} [${mac}]`),
  );
});

interopTest(
  "ndisc6 finds the gateway, rdisc6 what it advertises, and ping its address on the link (6-10, 6-11, 6-13, M-01)",
  {
    programs: ["ndisc6", "rdisc6", "ping"],
  },
  async (scene) => {
    const script = `
    ${UNTIL_SLAAC}
    ndisc6 -1 fd00::2 tap0
    ndisc6 -1 fe80::2 tap0
    ! ndisc6 -1 -r 1 -w 200 fd00::65 tap0
    rdisc6 -1 tap0
    ping -6 -c 1 -W 5 fe80::2%tap0
  `;
    const { stdout } = await runScript(scene, script, UNCONFIGURED);
    assertEquals(stdout.match(/Target link-layer address: .*/g), [
      `Target link-layer address: ${OUR_MAC.toUpperCase()}`,
      `Target link-layer address: ${OUR_MAC.toUpperCase()}`,
    ]);
    for (
      const line of [
        /Router lifetime +: +1800 /,
        /MTU +: +65520 bytes \(valid\)/,
        /Prefix +: fd00::\/64/,
        /Recursive DNS server +: fd00::3/,
        /from fe80::2/,
        /64 bytes from fe80::2/,
      ]
    ) assertMatch(stdout, line);
  },
);

/** Two machines, as far as a network is concerned, on a bridge to tap0; runs `script` in each. */
const twoMachines = (script: string) => `
  ip link add br0 type bridge
  ip link set br0 addrgenmode none
  ip link set tap0 master br0
  ip link set br0 up
  for machine in 1 2; do
    unshare --net sleep 50 & pid=$!
    until [ "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
    ip link add port$machine type veth peer name tap0 netns $pid
    ip link set port$machine master br0 up
    nsenter --net=/proc/$pid/ns/net sh -ec '${script}' sh $ipv4 $ipv6
  done
`;

interopTest("Two machines on a bridge to the TAP have addresses of their own (B-01, 6-13, E-04)", {
  programs: ["udhcpc", "curl", "nsenter"],
}, async (scene) => {
  const machine = `
    ip link set tap0 up
    ${UDHCPC}
    curl -sS --max-time 20 $1 && echo
    ${UNTIL_SLAAC.replaceAll("'", '"')}
    curl -sSg --max-time 20 $2 && echo
    ip -4 -brief address show tap0
  `;
  const { stdout } = await runScript(scene, twoMachines(machine), {
    options: [...UNCONFIGURED.options ?? [], "--mtu", "1500"],
  });
  assertEquals(stdout.match(/this is the page/g)?.length, 4);
  assertEquals(stdout.match(/\S+\/24/g), ["10.0.2.100/24", "10.0.2.101/24"]);
});

interopTest("A guest that is to have IPv4 only hears no router (6-13)", {
  programs: ["udhcpc", "curl"],
}, async (scene) => {
  const script = `${UDHCPC}
    fetch $ipv4
    ! ip -6 address show dev tap0 | grep inet6
  `;
  const options = [...UNCONFIGURED.options ?? [], "-4"];
  assertStringIncludes((await runScript(scene, script, { options })).stdout, "this is the page");
});

/** Opens a packet socket on tap0, and says where the guest is. */
const PACKET_SOCKET = `
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
tap.bind(("tap0", 0))
guest = tap.getsockname()[4]
gateway = bytes.fromhex("${OUR_MAC.replaceAll(":", "")}")
`;

interopTest(
  "A guest that forges ARP, ND, DHCP and VLANs is served on, and everything is counted (E-04, B-03, Z-04)",
  {
    programs: ["curl"],
  },
  async (scene) => {
    const forge = python(`${PACKET_SOCKET}
everybody = b"\\xff" * 6
arp = lambda op, sender, target: struct.pack("!HHBBH", 1, 0x800, 6, 4, op) + guest + sender + bytes(6) + target
frames = lambda: [
  (everybody, 0x806, arp(1, bytes([10, 0, 2, 2]), bytes([10, 0, 2, 2]))), # the gateway is here
  (gateway, 0x806, arp(2, bytes([10, 0, 2, 3]), bytes([10, 0, 2, 2]))),
  (gateway, 0x806, arp(2, bytes([10, 0, 2, 77]), bytes([10, 0, 2, 2]))), # nobody has asked
  (gateway, 0x806, arp(7, bytes([10, 0, 2, 77]), bytes([10, 0, 2, 2]))),
  (gateway, 0x8100, bytes(60)),
  (gateway, 0x800, bytes([0x45]) + os.urandom(60)),
  (gateway, 0x86dd, bytes([0x60, 0, 0, 0, 0, 24, 58, 255]) + os.urandom(32) + bytes([135]) + os.urandom(23)),
]
for i in range(20000):
  sender = bytes([10, 0, 2, 4 + i % 90])
  frame = (gateway, 0x806, arp(1, sender, bytes([10, 0, 2, 2]))) if i % 2 else frames()[i // 2 % 7]
  tap.send(frame[0] + guest + struct.pack("!H", frame[1]) + frame[2])
dhcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dhcp.bind(("", 68))
for i in range(1000):
  head = bytes([1, 1, 6, 0]) + bytes(24) + guest + bytes(202)
  dhcp.sendto((head + b"\\x63\\x82\\x53\\x63" + os.urandom(i % 200))[: 100 + i % 400], ("10.0.2.2", 67))
print("done")
`).map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const script = `
    ${forge} &
    for i in 1 2 3 4 5; do fetch $ipv4; fetch $ipv6; done
    wait
    fetch $ipv4
  `;
    const { stdout, stderr } = await runScript(scene, script, CONFIGURED);
    assertEquals(stdout.match(/this is the page/g)?.length, 11);
    assertStringIncludes(stdout, "done");
    const drops = new Map(
      [...(/dropped: (.*)/.exec(stderr)?.[1] ?? "").matchAll(/(\w+) (\d+)/g)]
        .map(([, reason, count]) => [reason, Number(count)]),
    );
    for (
      const reason of [
        "AddressConflict",
        "Unsolicited",
        "Malformed",
        "UnknownEtherType",
        "BadChecksum",
      ]
    ) assertGreater(drops.get(reason) ?? 0, 100, `${reason} in ${stderr}`);
    assert(!stderr.includes("error"), stderr);
  },
);
