import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { address, answerTo, query, text } from "../../tests/harness/dns.ts";
import { formatAddress } from "../text/address.ts";
import { answerAddresses } from "./answer_addresses.ts";

Deno.test("The addresses of an answer are found behind aliases and beside other records", () => {
  const answer = answerTo(query("a.example"), [
    { type: "CNAME", name: "a.example", ttl: 300, data: "b.example" },
    address("b.example", "192.0.2.1"),
    text("b.example", 300),
    { type: "AAAA", name: "b.example", ttl: 7, data: "2001:db8::1" },
  ], { additionals: [address("ns.example", "192.0.2.53")] });
  const found = answerAddresses(answer).map(({ address, ttl }) => [formatAddress(address), ttl]);
  assertEquals(found, [["192.0.2.1", 60], ["2001:db8::1", 7]]);
  assertEquals(answerAddresses(answerTo(query("a.example"))), []);
});

Deno.test("Looking for addresses in whatever bytes never throws", () => {
  const start = answerTo(query("a.example"), [address("a.example", "192.0.2.1")]);
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(start.length - 1), fc.nat(255)), { maxLength: 6 }),
    fc.nat(start.length),
    (changes, length) => {
      const bytes = start.slice();
      for (const [at, value] of changes) bytes[at] = value;
      answerAddresses(bytes.subarray(0, length));
    },
  ));
});
