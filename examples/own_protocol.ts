// deno-lint-ignore-file no-console -- an example talks to the terminal
/**
 * A protocol of one's own: registered with the stack, it gets its packets and
 * sends its own, without touching the stack.
 *
 * Protocol 253 is for experiments (RFC 3692); this one sends everything back.
 *
 * @module
 */
import {
  Drop,
  IpHeader,
  MemoryLink,
  type Millis,
  NEVER,
  PacketBuffer,
  parseAddress,
  Stack,
  type TransportProtocol,
} from "../mod.ts";

class Echo implements TransportProtocol {
  readonly protocol = 253;
  readonly nextDeadline = NEVER;
  readonly #owed: { header: IpHeader; payload: Uint8Array }[] = [];

  receive(header: IpHeader, packet: PacketBuffer, _now: Millis): Drop {
    const answer = new IpHeader();
    answer.source.assign(header.destination);
    answer.destination.assign(header.source);
    this.#owed.push({ header: answer, payload: packet.bytes.slice(packet.start, packet.end) });
    return Drop.None;
  }

  advance(_now: Millis): void {}

  transmit(header: IpHeader, packet: PacketBuffer, _now: Millis): boolean {
    const owed = this.#owed.shift();
    if (!owed) return false;
    header.version = 4;
    header.protocol = this.protocol;
    header.source.assign(owed.header.source);
    header.destination.assign(owed.header.destination);
    packet.bytes.set(owed.payload, packet.append(owed.payload.length));
    return true;
  }
}

const [link] = MemoryLink.pair();
const stack = new Stack(link);
const echo = new Echo();
stack.registerTransport(echo);

const question = new IpHeader();
question.source.assign(parseAddress("192.0.2.1"));
question.destination.assign(parseAddress("192.0.2.2"));
const packet = new PacketBuffer(2048);
packet.clear();
packet.bytes.set(new TextEncoder().encode("hello"), packet.append(5));
echo.receive(question, packet, 0);
console.log(stack.transmit(packet, 0), "an IP packet of", packet.length, "bytes");
