import { assertEquals } from "@std/assert";
import { formatResolvConf, parseResolvConf } from "./resolv_conf.ts";

const servers = (text: string) => parseResolvConf(text).servers.map(({ address }) => address);

Deno.test("parseResolvConf takes the first three servers that are addresses, as glibc does", () => {
  for (
    const [text, expected] of [
      ["nameserver 192.0.2.1", ["192.0.2.1"]],
      ["nameserver\t192.0.2.1  \r\n", ["192.0.2.1"]],
      ["  nameserver 192.0.2.1", ["192.0.2.1"]],
      ["nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .", ["127.0.0.53"]],
      ["nameserver 2001:db8::1\nnameserver fe80::1%eth0", ["2001:db8::1", "fe80::1%eth0"]],
      ["nameserver 192.0.2.1 # the router", ["192.0.2.1"]],
      ["# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver 192.0.2.3", ["192.0.2.3"]],
      ["nameserver dns.example\nnameserver 192.0.2.1.\nnameserver 1\n", ["127.0.0.1"]],
      [
        "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4",
        ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
      ],
      ["nameserver 0.0.0.0\nnameserver ::", ["127.0.0.1", "::1"]],
      ["nameserver", ["127.0.0.1"]],
      ["", ["127.0.0.1"]],
      ["\0\x80nameserver\n\nname server 192.0.2.1\n=", ["127.0.0.1"]],
    ] as const
  ) assertEquals(servers(text), [...expected], text);
});

Deno.test("parseResolvConf takes the options that say how to ask", () => {
  for (
    const [text, timeout, attempts, rotate, overTcp] of [
      ["", 5000, 2, false, false],
      ["options timeout:1 attempts:3", 1000, 3, false, false],
      ["options timeout:1\noptions timeout:2 rotate\noptions use-vc", 2000, 2, true, true],
      ["options timeout:999 attempts:999", 30_000, 5, false, false],
      ["options timeout:0 attempts:0", 1000, 1, false, false],
      ["options timeout:x attempts:-1 timeout: rotated", 5000, 2, false, false],
    ] as const
  ) {
    const config = parseResolvConf(text);
    const { servers: _, search: __, options: ___, ...how } = config;
    assertEquals(how, { timeout, attempts, rotate, overTcp }, text);
  }
});

Deno.test("parseResolvConf lets the last of search and domain count", () => {
  const search = (text: string) => parseResolvConf(text).search;
  assertEquals(search("search a.example b.example"), ["a.example", "b.example"]);
  assertEquals(search("search a.example\nsearch b.example"), ["b.example"]);
  assertEquals(search("search a.example\ndomain b.example c.example"), ["b.example"]);
  assertEquals(search("domain b.example\nsearch"), ["b.example"]);
});

Deno.test("A guest's resolv.conf has our servers, and the host's domains and options", () => {
  const host = parseResolvConf("nameserver 127.0.0.53\nsearch a.example\noptions edns0\n");
  const text = formatResolvConf(["10.0.2.3", "fd00::3"], host);
  assertEquals(parseResolvConf(text), {
    ...host,
    servers: [{ address: "10.0.2.3", port: 53 }, { address: "fd00::3", port: 53 }],
  });
  const plain = formatResolvConf(["10.0.2.3"], parseResolvConf(""));
  assertEquals(plain.match(/^\w.*/gm), ["nameserver 10.0.2.3"]);
});
