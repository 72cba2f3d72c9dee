import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Listed, ReadyList, unlisted } from "./ready_list.ts";

interface Member {
  readonly name: number;
  readonly links: Listed<Member>;
}

const member = (name: number): Member => ({ name, links: unlisted() });

Deno.test("ReadyList gives each member its turn", () => {
  const list = new ReadyList<Member>(({ links }) => links);
  const [a, b] = [member(1), member(2)];
  list.add(a);
  list.add(b);
  list.add(a); // is there already
  assertEquals(list.take(), a);
  list.add(a); // has more to do
  assertEquals([list.take(), list.take(), list.take()], [b, a, undefined]);
  assertEquals(list.isEmpty, true);
});

Deno.test("ReadyList behaves as an array without duplicates does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 9 })), (commands) => {
      const list = new ReadyList<Member>(({ links }) => links);
      const members = Array.from({ length: 10 }, (_, name) => member(name));
      const model: number[] = [];
      for (const command of commands) {
        if (command < 0) {
          assertEquals(list.take()?.name, model.shift());
        } else {
          list.add(members[command]!);
          if (!model.includes(command)) model.push(command);
        }
        assertEquals(list.isEmpty, model.length === 0);
        assertEquals(members.filter(({ links }) => links.isListed).length, model.length);
      }
    }),
    { seed: 1 },
  );
});
