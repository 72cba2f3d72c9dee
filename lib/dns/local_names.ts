/**
 * Names that mean something in the guest's network only.
 *
 * They end in `headgate.internal`, and nobody else is asked for them: `internal`
 * is for private use (ICANN, 2024).
 *
 * @module
 */
import { questionOf } from "./message.ts";
import type { Resolver } from "./resolver.ts";

const DOMAIN = "headgate.internal";
/** The name of the host, at whose addresses its loopback is reached. */
export const HOST_NAME: string = `host.${DOMAIN}`;

/** Answers for local names, and leaves the others to another resolver. */
export class LocalNames implements Resolver {
  readonly #hostAddresses: readonly string[];
  readonly #others: Resolver;

  /**
   * Makes a resolver.
   *
   * @param hostAddresses Those of {@linkcode HOST_NAME}, as text; none: there is no such name.
   */
  constructor(hostAddresses: readonly string[], others: Resolver) {
    this.#hostAddresses = hostAddresses;
    this.#others = others;
  }

  async resolve(
    query: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const name = questionOf(query)?.name ?? "";
    if (name !== DOMAIN && !name.endsWith(`.${DOMAIN}`)) {
      return await this.#others.resolve(query, signal);
    }
    const isKnown = name === HOST_NAME && this.#hostAddresses.length > 0;
    const { answerLocally } = await import("./local_answer.ts"); // few ask for such names
    return answerLocally(query, isKnown ? this.#hostAddresses : undefined);
  }
}
