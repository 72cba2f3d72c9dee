/**
 * Queries over UDP.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6891#section-6.2 | RFC 6891 §6.2}, sizes
 * @module
 */
import type { Datagram, DatagramService } from "../forward/services.ts";
import { formatEndpoint } from "../text/address.ts";
import { truncate } from "./message.ts";
import type { NameService } from "./name_service.ts";

/** The longest answer over UDP, whatever the client takes (RFC 6891 §6.2.5); beyond it there is TCP. */
const LONGEST_ANSWER = 4096;
/** Header and question: what makes two queries of one client the same. */
const LONGEST_KEY = 12 + 255 + 4;

/** Answers queries over UDP; see the module's description. */
export class DatagramFront implements DatagramService {
  readonly #service: NameService;
  readonly #inProgress = new Set<string>();

  /** Puts UDP in front of `service`. */
  constructor(service: NameService) {
    this.#service = service;
  }

  get awaits(): boolean {
    return this.#inProgress.size > 0;
  }

  take(datagram: Datagram): void {
    const { data, from } = datagram;
    // A client that has become impatient waits for the same answer.
    const key = `${formatEndpoint(from)} ${String.fromCharCode(...data.subarray(0, LONGEST_KEY))}`;
    if (this.#inProgress.has(key)) return this.#service.repeated();
    this.#inProgress.add(key);
    this.#answer(datagram).finally(() => this.#inProgress.delete(key));
  }

  async #answer({ data, reply }: Datagram): Promise<void> {
    const answer = await this.#service.answer(data);
    if (answer) reply(truncate(answer.message, Math.min(answer.udpSize, LONGEST_ANSWER)));
  }
}
