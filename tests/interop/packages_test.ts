import { assertEquals, assertMatch } from "@std/assert";
import { interopTest, type RunSettings } from "./harness.ts";

/** How long a mirror may take to show that it is there, in milliseconds. */
const PATIENCE = 20_000;
/** Where the machine has told npm to trust in an authority of its own. */
const ENVIRONMENT = Object.fromEntries(
  ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }),
);
const SETTINGS: RunSettings = { env: { ...ENVIRONMENT, npm_config_update_notifier: "false" } };

/** Whether the machine itself can run `words`. */
async function works(...[program = "", ...args]: string[]): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const { success } = await new Deno.Command(program, { args, signal, stderr: "null" }).output();
    return success;
  } catch {
    return false; // there is no such program
  }
}

const hasNpm = await works("npm", "view", "deno", "version");
const npm = {
  programs: ["npm"],
  users: ["root"],
  ...(!hasNpm && { obstacle: "no npm registry in reach" }),
} as const;

interopTest("npm view and npm pack get a package by the host's resolver", npm, async (scene) => {
  const view = await scene.run(["npm", "view", "deno", "version"], SETTINGS);
  assertEquals(view.code, 0, view.stderr);
  assertMatch(view.stdout, /^\d+\.\d+\.\d+\n$/);
  const pack = await scene.run(["npm", "pack", "--silent", "deno"], SETTINGS);
  assertEquals(pack.code, 0, pack.stderr);
  const { size } = await Deno.stat(`${scene.folder}/${pack.stdout.trim()}`);
  assertEquals(size > 1000, true);
});

/** Words that have apt-get keep its lists in `folder`, and be content with nothing less than all. */
const aptUpdate = (folder: string): string[] => [
  ...["apt-get", "-qq", "-o", `Dir::State::lists=${folder}`, "-o", "APT::Sandbox::User=root"],
  ...["-o", "Acquire::Retries=0", "-o", "APT::Update::Error-Mode=any", "update"],
];

const lists = await Deno.makeTempDir({ prefix: "headgate-apt-" });
const hasApt = await works(...aptUpdate(lists));
await Deno.remove(lists, { recursive: true });
const apt = {
  programs: ["apt-get"],
  users: ["root"],
  ...(!hasApt && { obstacle: "no mirror of packages in reach" }),
} as const;

interopTest("apt-get update gets its lists by the host's resolver", apt, async (scene) => {
  const { code, stderr } = await scene.run(aptUpdate(scene.folder));
  assertEquals([code, stderr], [0, ""]);
  const files = [...Deno.readDirSync(scene.folder)].map(({ name }) => name);
  assertEquals(files.some((name) => name.endsWith("InRelease")), true, files.join(" "));
});
