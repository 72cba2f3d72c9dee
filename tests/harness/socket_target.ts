/**
 * A target on a real socket of loopback that does what a test tells it, with all that a program
 * can do to a connection: buffers of a few kilobytes, urgent data, resets.
 *
 * @module
 */
import { assert } from "@std/assert";
import { checked, declare, lastError, libc } from "../../lib/ffi/libc.ts";
import {
  EPOLLERR,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  Poller,
  type Token,
} from "../../lib/ffi/poller.ts";
import { AF_INET, AF_INET6, SOCKADDR_LENGTH, SocketAddress } from "../../lib/ffi/socket_address.ts";
import { Errno } from "../../lib/ffi/system_error.ts";
import { type IpAddress, isIpv4 } from "../../lib/ip/address.ts";
import { parseAddress } from "../../lib/text/address.ts";

const calls = declare({
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
});

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const SHUT_WR = 1;
const MSG_OOB = 1;
const MSG_NOSIGNAL = 0x4000;
const ALL = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/** What a test may set. */
export interface SocketTargetOptions {
  /** Where it listens. @default {127.0.0.1} */
  readonly address?: string;
  /** SO_SNDBUF and SO_RCVBUF of its connections. @default what the kernel sees fit */
  readonly buffers?: number;
  /** Connections that wait to be accepted, at most, and one more. @default {16} */
  readonly backlog?: number;
}

/** A target for one connection at a time; see the module's description. */
export class SocketTarget {
  /** Where it listens. */
  readonly address: IpAddress;
  /** The port that it listens on. */
  readonly port: number;
  /** Whether its input has ended. */
  isInputClosed = false;
  /** How the connection has ended for it, if it has. */
  ended: "closed" | "reset" | undefined;
  /** The most that it takes at a time. @default no limit */
  mostPerWrite = Infinity;
  /** How much it takes before it reads no more. @default no limit */
  capacity = Infinity;
  /** Whether it accepts connections. */
  isAccepting = true;
  /** Connections that it has accepted. */
  accepted = 0;
  readonly #poller = new Poller();
  readonly #listener: number;
  readonly #waiting = new Set<() => void>();
  readonly #output: Uint8Array<ArrayBuffer>[] = [];
  #memory = new Uint8Array(65_536);
  #length = 0;
  #descriptor = -1;
  #token: Token = 0;
  #isOutputOver = false;
  #isOutputClosed = false;
  #fails = false;
  #isClosed = false;
  readonly #looking: Promise<void>;

  /** Makes one that listens at a free port. */
  constructor({ address = "127.0.0.1", buffers, backlog = 16 }: SocketTargetOptions = {}) {
    this.address = parseAddress(address);
    const family = isIpv4(this.address) ? AF_INET : AF_INET6;
    const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.#listener = checked("open a socket", "socket", calls().socket(family, type, 0));
    const name = new SocketAddress();
    name.assign(this.address, 0);
    const length = new Uint32Array([SOCKADDR_LENGTH]);
    if (buffers !== undefined) {
      for (const option of [SO_SNDBUF, SO_RCVBUF]) this.#set(this.#listener, option, [buffers]);
    }
    checked("bind", "bind", calls().bind(this.#listener, name.bytes, SOCKADDR_LENGTH));
    checked("listen", "listen", calls().listen(this.#listener, backlog));
    const { buffer } = length;
    calls().getsockname(this.#listener, name.bytes, new Uint8Array(buffer));
    this.port = name.port;
    this.#poller.add(this.#listener, EPOLLIN | EPOLLET, { ready: () => this.#accept() });
    this.#looking = this.#look();
  }

  /** What it has taken. */
  get taken(): Uint8Array<ArrayBuffer> {
    return this.#memory.subarray(0, this.#length);
  }

  /** Lets it say `data`. */
  say(data: Uint8Array<ArrayBuffer>): void {
    this.#output.push(data);
    this.#work();
  }

  /** Lets it say one byte that is urgent, after what it has said. */
  sayUrgently(byte: number): void {
    assert(this.#output.length === 0, "There is something to be said first");
    assert(calls().send(this.#descriptor, Uint8Array.of(byte), 1, MSG_OOB) === 1);
  }

  /** Lets it close its output after what it has to say. */
  closeOutput(): void {
    this.#isOutputOver = true;
    this.#work();
  }

  /** Lets it reset the connection after what it has to say. */
  fail(): void {
    this.#fails = true;
    this.#work();
  }

  /** Lets it take `more` bytes than so far before it reads no more. */
  makeRoom(more: number): void {
    this.capacity += more;
    this.#work();
  }

  /** Resolves when `predicate` holds; it is asked whenever something has happened to it. */
  async until(predicate: () => boolean): Promise<void> {
    while (!predicate()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Lets it have its turn. */
  async yield(): Promise<void> {
    this.#poller.wake();
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#poller.close();
    await this.#looking;
    this.#end();
    libc().close(this.#listener);
  }

  async #look(): Promise<void> {
    while (!this.#isClosed) {
      await this.#poller.wait();
      this.#tell();
    }
  }

  #tell(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  #accept(): void {
    if (!this.isAccepting) return;
    const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    const descriptor = calls().accept4(this.#listener, null, null, flags);
    if (descriptor < 0) return;
    this.#end();
    this.#descriptor = descriptor;
    this.accepted++;
    this.isInputClosed = this.#isOutputClosed = false;
    this.ended = undefined;
    this.#length = 0;
    this.#token = this.#poller.add(descriptor, ALL, { ready: (events) => this.#ready(events) });
    this.#work();
  }

  #ready(events: number): void {
    if (events & EPOLLERR) this.#over("reset");
    else this.#work();
  }

  #work(): void {
    if (this.#descriptor >= 0) this.#take();
    if (this.#descriptor >= 0) this.#speak();
    if (this.isInputClosed && this.#isOutputClosed) this.#over("closed");
    this.#tell();
  }

  #take(): void {
    while (!this.isInputClosed && this.#length < this.capacity) {
      const most = Math.min(this.mostPerWrite, this.capacity - this.#length, 65_536);
      if (this.#memory.length < this.#length + most) this.#grow();
      const into = this.#memory.subarray(this.#length, this.#length + most);
      const count = calls().recv(this.#descriptor, into, into.length, 0);
      if (count < 0) return lastError[0] === Errno.EAGAIN ? undefined : this.#over("reset");
      this.#length += count;
      this.isInputClosed = count === 0;
    }
  }

  #speak(): void {
    for (let next = this.#output[0]; next; next = this.#output[0]) {
      const count = calls().send(this.#descriptor, next, next.length, MSG_NOSIGNAL);
      if (count < 0) return lastError[0] === Errno.EAGAIN ? undefined : this.#over("reset");
      if (count < next.length) this.#output[0] = next.subarray(count);
      else this.#output.shift();
    }
    if (this.#fails) {
      this.#set(this.#descriptor, SO_LINGER, [1, 0]);
      this.#end();
    } else if (this.#isOutputOver && !this.#isOutputClosed) {
      this.#isOutputClosed = true;
      calls().shutdown(this.#descriptor, SHUT_WR);
    }
  }

  #over(how: "closed" | "reset"): void {
    this.ended ??= how;
    this.#end();
    this.#tell();
  }

  #end(): void {
    if (this.#descriptor < 0) return;
    this.#poller.forget(this.#token);
    libc().close(this.#descriptor);
    this.#descriptor = -1;
    this.#isOutputOver = this.#fails = false;
  }

  #grow(): void {
    const grown = new Uint8Array(this.#memory.length * 4);
    grown.set(this.#memory);
    this.#memory = grown;
  }

  #set(descriptor: number, option: number, value: readonly number[]): void {
    const bytes = new Uint8Array(new Int32Array(value).buffer);
    const result = calls().setsockopt(descriptor, SOL_SOCKET, option, bytes, bytes.length);
    checked("set an option", "setsockopt", result);
  }
}
