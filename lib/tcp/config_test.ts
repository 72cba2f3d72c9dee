import { assertEquals, assertThrows } from "@std/assert";
import { connectionConfig, DEFAULT_TCP_OPTIONS, tcpConfig } from "./config.ts";

Deno.test("Settings that are not given have their defaults", () => {
  assertEquals(tcpConfig(), DEFAULT_TCP_OPTIONS);
  assertEquals(tcpConfig({ nagle: true }), { ...DEFAULT_TCP_OPTIONS, nagle: true });
});

Deno.test("Settings that cannot be are refused", () => {
  assertThrows(() => tcpConfig({ sendBuffer: 4095 }), RangeError, "sendBuffer of 4095");
  assertThrows(() => tcpConfig({ receiveBuffer: 2 ** 30 }), RangeError, "receiveBuffer");
  assertThrows(() => tcpConfig({ minRto: 0 }), RangeError, "minRto");
  assertThrows(() => tcpConfig({ minRto: 2000, maxRto: 1000 }), RangeError, "minRto");
  assertEquals(tcpConfig({ receiveBuffer: 0xffff * 2 ** 14 }).receiveBuffer, 1_073_725_440);
});

Deno.test("A connection shares the settings of its stack until it has some of its own", () => {
  const config = tcpConfig({ nagle: true });
  assertEquals(connectionConfig(config) === config, true);
  assertEquals(connectionConfig(config, { cork: true }), { ...config, cork: true });
  assertEquals(config.cork, false);
  assertThrows(() => connectionConfig(config, { ackDelay: 501 }), RangeError, "ackDelay of 501");
  assertThrows(() => connectionConfig(config, { windowScale: 15 }), RangeError, "0 to 14");
});
