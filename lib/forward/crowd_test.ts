import { assertEquals } from "@std/assert";
import { Crowd } from "./crowd.ts";

Deno.test("many in a short time are a crowd, as many in a long time are none", () => {
  let time = 1000;
  const crowd = new Crowd({ now: () => time });
  const lookAfter = (elapsed: number, count: number) => {
    time += elapsed;
    crowd.count += count;
    crowd.look();
    return crowd.isThere;
  };
  assertEquals(lookAfter(9, 1000), false); // not yet
  assertEquals(lookAfter(1, 0), true);
  assertEquals(lookAfter(10, 399), false);
  assertEquals(lookAfter(10, 400), true);
  assertEquals(lookAfter(1000, 400), false);
});
