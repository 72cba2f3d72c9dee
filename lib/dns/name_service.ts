/**
 * The name service of a guest: takes queries and gives answers.
 *
 * It asks a {@linkcode Resolver} and passes its answers on as they are. What is
 * wrong with a query is said here, without asking anybody.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5625 | RFC 5625}, DNS proxies
 * @module
 */
import {
  countOf,
  emptyAnswer,
  HEADER_LENGTH,
  isResponse,
  opcodeOf,
  type Question,
  questionOf,
  Rcode,
  recordCount,
  type RecordPlace,
  recordsOf,
  RecordType,
  setId,
  udpSizeOf,
} from "./message.ts";
import type { NameObserver, Resolver } from "./resolver.ts";

/** Settings of a {@linkcode NameService}. */
export interface NameServiceOptions {
  /** Who answers. */
  readonly resolver: Resolver;
  /** Is told what is asked and answered. */
  readonly observer?: NameObserver;
  /** Queries at a time, at most; further ones are refused. @default {512} */
  readonly maxQueries?: number;
}

/** What became of queries. */
export interface NameCounts {
  /** Queries that were answered as the resolver has it. */
  answered: number;
  /** Queries to which the resolver had no answer. */
  failed: number;
  /** Queries that were refused because too many were in progress. */
  tooMany: number;
  /** Queries that make no sense, or that no forwarder takes. */
  malformed: number;
  /** Queries that came again before they were answered. */
  repeated: number;
}

/** An answer, and what who has asked takes over UDP, in bytes. */
export interface NameAnswer {
  readonly message: Uint8Array<ArrayBuffer>;
  readonly udpSize: number;
}

const MAX_QUERIES = 512;

/** Answers the queries of a guest; see the module's description. */
export class NameService {
  /** What became of queries so far. */
  readonly counts: NameCounts = { answered: 0, failed: 0, tooMany: 0, malformed: 0, repeated: 0 };
  readonly #options: NameServiceOptions;
  readonly #stopped = new AbortController();
  #inProgress = 0;

  /** Makes a service that asks a resolver. */
  constructor(options: NameServiceOptions) {
    this.#options = options;
  }

  /**
   * Answers a query.
   *
   * @param query May not change until then.
   * @returns undefined for what deserves no answer, or when nobody waits for it any more.
   */
  async answer(query: Uint8Array<ArrayBuffer>): Promise<NameAnswer | undefined> {
    // Answering answers would make two servers talk to each other for ever.
    if (query.length < HEADER_LENGTH || isResponse(query)) {
      this.counts.malformed++;
      return undefined;
    }
    const question = questionOf(query);
    const records = question ? recordsOf(query, question.end) : [];
    const opt = records.find(isOpt);
    const fault = findFault(query, question, records);
    const udpSize = udpSizeOf(query, opt);
    if (fault !== undefined || !question) {
      this.counts.malformed++;
      return { message: emptyAnswer(query, fault ?? Rcode.FormatError, question, opt), udpSize };
    }
    if (this.#inProgress >= (this.#options.maxQueries ?? MAX_QUERIES)) {
      this.counts.tooMany++;
      return { message: emptyAnswer(query, Rcode.Refused, question, opt), udpSize };
    }
    this.#inProgress++;
    try {
      const message = await this.#ask(query, question);
      return { message, udpSize };
    } catch {
      if (this.#stopped.signal.aborted) return undefined;
      this.counts.failed++;
      return { message: emptyAnswer(query, Rcode.ServerFailure, question, opt), udpSize };
    } finally {
      this.#inProgress--;
    }
  }

  /** Counts a query that is in progress already. */
  repeated(): void {
    this.counts.repeated++;
  }

  /** Abandons what is in progress, and answers nothing any more. */
  stop(): void {
    this.#stopped.abort();
  }

  async #ask(
    query: Uint8Array<ArrayBuffer>,
    question: Question,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { resolver, observer } = this.#options;
    const { signal } = this.#stopped;
    signal.throwIfAborted();
    const message = await resolver.resolve(query.slice(), signal);
    signal.throwIfAborted();
    if (message.length < HEADER_LENGTH) throw new TypeError("Cannot pass on an answer: no header");
    setId(message, query[0]! << 8 | query[1]!);
    this.counts.answered++;
    observer?.answered(question.name, question.type, message);
    return message;
  }
}

/** What is wrong with a query, or undefined. */
function findFault(
  query: Uint8Array,
  question: Question | undefined,
  records: readonly RecordPlace[],
): Rcode | undefined {
  if (opcodeOf(query) !== 0) return Rcode.NotImplemented;
  if (!question || records.length < recordCount(query)) return Rcode.FormatError;
  if (countOf(query, 1) > 0 || records.filter(isOpt).length > 1) return Rcode.FormatError;
  // A transfer of a zone is many messages, and nothing for a stub.
  const isTransfer = question.type === RecordType.Axfr || question.type === RecordType.Ixfr;
  return isTransfer ? Rcode.Refused : undefined;
}

function isOpt({ section, type }: RecordPlace): boolean {
  return section === 2 && type === RecordType.Opt;
}
