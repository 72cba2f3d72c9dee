import { assertEquals } from "@std/assert";
import { findFaults } from "./check_layers.ts";

Deno.test("the layers let a row import itself and the rows below", () => {
  assertEquals(
    findFaults(
      "lib/tcp/tcp.ts",
      `import { Seq } from "./seq.ts";
       import type { Clock } from "../base/clock.ts";
       export { x } from "../ip/flow.ts";
       import { arrive } from "./arrive.ts";`,
    ),
    [],
  );
  assertEquals(findFaults("lib/text/address.ts", `import ip from "ipaddr.js";`), []);
  assertEquals(findFaults("lib/cli/main.ts", `import m from "../../deno.json";`), []);
  assertEquals(findFaults("lib/driver.ts", `await import("./link/link.ts");`), []);
});

Deno.test("the layers refuse an import that goes up", () => {
  const up = (path: string, source: string) => findFaults(path, source).length;
  assertEquals(findFaults("lib/base/clock.ts", `import { Seq } from "../tcp/seq.ts";`), [
    "lib/base/clock.ts:1 (base) imports lib/tcp/seq.ts (wire formats), which is above it",
  ]);
  assertEquals(up("lib/tcp/seq.ts", `import "./tcp.ts";`), 1);
  assertEquals(up("lib/ip/ipv4_header.ts", `export * from "./reassembly.ts";`), 1);
  assertEquals(up("lib/stack/stack.ts", `import type { A } from "../text/address.ts";`), 1);
  assertEquals(up("lib/link/tun_link.ts", `const x = import("../forward/dialer.ts");`), 1);
  assertEquals(up("lib/forward/dialer.ts", `import { main } from "../cli/main.ts";`), 1);
  assertEquals(up("lib/cli/run.ts", `import { Stack } from "../../mod.ts";`), 1);
});

Deno.test("the layers refuse files and imports outside the grid", () => {
  assertEquals(findFaults("lib/misc/x.ts", ""), [
    "lib/misc/x.ts is in no row: add its folder to ROWS",
  ]);
  assertEquals(findFaults("lib/cli/run.ts", `import "../../tests/x.ts";`).length, 1);
});

Deno.test("the layers keep packages out of the core", () => {
  assertEquals(findFaults("lib/tcp/isn.ts", `import { a } from "@std/bytes";`).length, 1);
  assertEquals(findFaults("lib/stack/stack.ts", `import "node:net";`).length, 1);
  assertEquals(findFaults("lib/forward/dialer.ts", `import { a } from "@std/bytes";`), []);
});

Deno.test("the layers refuse effects in the core, clocks among them (Z-03)", () => {
  for (
    const source of [
      "new Date()",
      "performance.now()",
      "Math.random()",
      "Math?.random()",
      "globalThis.setTimeout(f)",
      "setInterval(f)",
      "console.log()",
      "Deno.pid",
      "const f = async () => {}",
      "await x",
      "fetch(url)",
      "new Promise(f)",
      "crypto.subtle",
      "`${Date.now()}`",
      "`${{ a: `}` }}` + Deno.pid",
    ]
  ) {
    assertEquals(findFaults("lib/tcp/tcp.ts", source).length, 1, source);
    assertEquals(findFaults("lib/link/tun_link.ts", source), [], source);
  }
});

Deno.test("the layers do not mind effects in comments, strings, patterns and longer names", () => {
  assertEquals(
    findFaults(
      "lib/tcp/tcp.ts",
      [
        "// await Deno",
        '/** `console` and "Date" */',
        `const a = "Date", b = 'fetch', c = \`await \${x} Deno\`;`,
        "const d = /Deno[/]await/.test(s) ? a / b : fetchAll / 2; // Date",
        "const random = new Update(), e = prng.random();",
      ].join("\n"),
    ),
    [],
  );
});

Deno.test("the layers let only lib/base/random.ts use crypto", () => {
  assertEquals(findFaults("lib/base/random.ts", "crypto.getRandomValues(a)"), []);
  assertEquals(findFaults("lib/base/random.ts", "Deno.pid").length, 1);
});

Deno.test("the layers let only lib/ffi/ call Deno.dlopen", () => {
  assertEquals(findFaults("lib/ffi/libc.ts", "Deno.dlopen(path, {})"), []);
  for (const path of ["lib/ffi_tun.ts", "tests/x_test.ts", "examples/demo.ts"]) {
    assertEquals(findFaults(path, "\nDeno.dlopen(path, {})"), [
      `${path}:2 calls Deno.dlopen, which belongs in lib/ffi/`,
    ]);
  }
  assertEquals(findFaults("lib/ffi_tun.ts", `// Deno.dlopen`), []);
});

Deno.test("the layers refuse files of more than 400 lines, tests too", () => {
  assertEquals(findFaults("lib/tcp/tcp.ts", "\n".repeat(400)), []);
  assertEquals(findFaults("lib/tcp/tcp.ts", "\n".repeat(401)).length, 1);
  assertEquals(findFaults("tests/tcp_test.ts", "\n".repeat(401)).length, 1);
});

Deno.test("the layers let tests import what they like", () => {
  assertEquals(findFaults("lib/tcp/tcp_test.ts", `import "@std/assert"; await Deno.exit();`), []);
});
