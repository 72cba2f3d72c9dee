// deno-lint-ignore-file no-console -- an example talks to the terminal
/**
 * A service inside the guest's network, without any socket of the host: the stack
 * listens, and sends everything back. The guest is a second stack here, joined to
 * the first in memory; with a {@linkcode TunLink} it would be a command.
 *
 * @module
 */
import { type Connection, Driver, MemoryLink, parseAddress, type Shell, Stack } from "../mod.ts";

const SERVICE = { address: parseAddress("10.0.2.2"), port: 7 };
const GUEST = { address: parseAddress("10.0.2.100") };

/** Sends back what comes; what does not fit yet waits for the next event. */
function echo(connection: Connection): void {
  connection.takeEvents();
  if (connection.error) return;
  while (connection.readable > 0 && connection.writable > 0) {
    connection.consume(connection.write(connection.readableSpan()));
  }
  if (connection.isAtEnd) connection.closeWrite();
}

/** Accepts whoever comes to `port`. */
function echoService(stack: Stack): Shell {
  stack.listen(SERVICE, { backlog: 16 });
  return {
    pump() {
      for (let next = stack.nextListener(); next; next = stack.nextListener()) {
        while (next.accept()); // with events of their own
      }
      for (let next = stack.nextConnection(); next; next = stack.nextConnection()) echo(next);
    },
  };
}

const [serviceLink, guestLink] = MemoryLink.pair();
const serviceStack = new Stack(serviceLink);
const serviceDriver = new Driver(serviceStack, serviceLink);
serviceDriver.attach(echoService(serviceStack));
const guestStack = new Stack(guestLink);
const guestDriver = new Driver(guestStack, guestLink);
const running = [serviceDriver.run(), guestDriver.run()];

const connection = guestStack.connect(GUEST, SERVICE); // from a port that is free
const answer = new Promise<string>((resolve) => {
  let text = "";
  guestDriver.attach({
    pump() {
      while (guestStack.nextConnection()) connection.takeEvents();
      text += new TextDecoder().decode(connection.readableSpan());
      connection.consume(connection.readable);
      if (connection.isAtEnd || connection.error) resolve(text);
    },
  });
});
connection.write(new TextEncoder().encode("hello"));
connection.closeWrite();
guestDriver.kick();

console.log(await answer);
serviceDriver.close();
guestDriver.close();
await Promise.all(running);
