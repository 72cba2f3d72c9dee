import { assert, assertEquals } from "@std/assert";
import type { Faults } from "../../lib/link/impairment.ts";
import { World } from "../harness/world.ts";

Deno.test("TCP over IPv6 delivers every byte, both ways, over links with every fault (6-01, O-06)", () => {
  for (const offload of [false, true]) {
    for (const mtu of [1280, 1500, 65_520]) {
      const faults: Faults = {
        delay: 5,
        jitter: 2,
        loss: 0.02,
        duplication: 0.02,
        corruption: 0.01,
      };
      const world = new World({
        seed: mtu,
        version: 6,
        client: { mtu, tcp: {}, script: { total: 300_000 } },
        server: { mtu, tcp: {}, script: { total: 200_000 } },
        offload,
        up: faults,
        down: faults,
      });
      const { client, server } = world.run();
      assert(server);
      assertEquals([client.read, server.read], [200_000, 300_000]);
      const header = 40 + 20 + 12; // IPv6, TCP, timestamps
      assertEquals(client.connection.info.segmentSize, mtu - header);
    }
  }
});
