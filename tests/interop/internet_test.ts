import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { NOWHERE, SERVER } from "./addresses.ts";
import { internetTest, servePage } from "./internet.ts";

internetTest("curl fetches a page through two routers", {
  programs: ["curl", "python3"],
}, async (trip) => {
  const page = await servePage(trip);
  const { code, stdout, stderr } = await trip.run(["curl", "-sS", `http://${SERVER.ipv4}/page`]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, page);
});

internetTest("a guest learns at once that a router has no route", {
  programs: ["curl"],
}, async ({ run }) => {
  const words = ["curl", "-sS", "-o", "/dev/null", "-w", "%{time_total}"];
  const { code, stdout, stderr } = await run([...words, `http://${NOWHERE.ipv4}/`]);
  assertEquals(code, 7, stderr); // CURLE_COULDNT_CONNECT, and not the 28 of a time-out
  assertLess(Number(stdout), 2);
});

internetTest("git clones a repository by git's own protocol", {
  programs: ["git"],
}, async ({ scene, internet, run }) => {
  await internet.onServers(["sh", "-ec", makeRepository, "sh", `${scene.folder}/repositories`]);
  const base = `--base-path=${scene.folder}/repositories`;
  await internet.serve(["git", "daemon", "--export-all", "--reuseaddr", base], "tcp", 9418);
  const url = `git://${SERVER.ipv4}/project`;
  const clone = await run(["git", "clone", "-q", url, `${scene.folder}/clone`]);
  assertEquals([clone.code, clone.stderr], [0, ""]);
  const log = await run(["git", "-C", `${scene.folder}/clone`, "log", "--format=%s"]);
  assertEquals(log.stdout, "one commit\n");
});

// Argument: a folder.
const makeRepository = `
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@internet.test
export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@internet.test
git init -q "$1/project"
cd "$1/project"
seq 100000 >file
git add file
git commit -q -m "one commit"`;

for (const [direction, reverse] of [["up", []], ["down", ["--reverse"]]] as const) {
  internetTest(`iperf3 moves TCP data ${direction} through two routers`, {
    programs: ["iperf3"],
  }, async ({ internet, run }) => {
    await internet.serve(["iperf3", "-s", "-1"], "tcp", 5201);
    const words = ["iperf3", "-c", SERVER.ipv4, "-t", "1", "-J", ...reverse];
    const { code, stdout, stderr } = await run(words);
    assertEquals([code, stderr], [0, ""], stdout);
    assertGreater(JSON.parse(stdout).end.sum_received.bytes, 1 << 20);
  });
}
