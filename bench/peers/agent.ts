/**
 * Has work done inside a guest.
 *
 * @module
 */
import type { Guest } from "./backend.ts";
import { lines } from "./lines.ts";

const AGENT = new URL("./agent.py", import.meta.url).pathname;

/** The words of the program that does the work. */
export const AGENT_WORDS: readonly string[] = ["/usr/bin/python3", "-u", AGENT];

/** What an order gives: figures, or what they are called. */
export type Answer = Readonly<Record<string, number | string>>;

/** A program in a guest that does what it is told; see the module's description. */
export class Agent {
  /** The guest it is in. */
  readonly guest: Guest;
  /** Whether nothing can be asked of it any more. */
  isLost = false;
  readonly #answers: AsyncIterator<string>;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  /** The guest's command has to be {@linkcode AGENT_WORDS}. */
  constructor(guest: Guest) {
    this.guest = guest;
    this.#answers = lines(guest.child.stdout);
    this.#orders = guest.child.stdin.getWriter();
  }

  /**
   * Has `what` done against the host's loopback.
   *
   * @throws {Error} If that fails, or takes longer than `limit` milliseconds.
   */
  async do(what: string, settings: object, limit: number, family: 4 | 6 = 4): Promise<Answer> {
    const host = this.guest.hosts[family];
    const order = JSON.stringify({ do: what, host, ...settings });
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      this.isLost = true;
      late.reject(new Error(`not over after ${limit} ms`));
    }, limit);
    try {
      await this.#orders.write(new TextEncoder().encode(`${order}\n`));
      const { value, done } = await Promise.race([this.#answers.next(), late.promise]);
      this.isLost ||= done === true;
      if (done) throw new Error("the guest has ended");
      const answer: Answer = JSON.parse(value);
      if ("error" in answer) throw new Error(String(answer.error));
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A figure that an answer has to have. */
export function figure(answer: Answer, name: string): number {
  const value = answer[name];
  if (typeof value !== "number") throw new Error(`no figure "${name}"`);
  return value;
}
