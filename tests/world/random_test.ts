import { runRandomWorld } from "./random_world.ts";

const COUNT = Number(Deno.env.get("HEADGATE_WORLDS") ?? 300);
const FIRST = Number(Deno.env.get("HEADGATE_SEED") ?? 1);

Deno.test(`TCP delivers every byte and closes in ${COUNT} bad worlds (from seed ${FIRST})`, () => {
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) runRandomWorld(seed);
});
