/**
 * Who answers questions, and who wants to know which were asked.
 *
 * @module
 */

/** Answers DNS queries. */
export interface Resolver {
  /**
   * Answers one query, which is well formed and has one question.
   *
   * @param query The message, without the length that goes before it over TCP. It is the resolver's.
   * @param signal Aborted when nobody waits for the answer any more.
   * @returns The whole answer, however long: it is cut for who takes less.
   * @throws When there is none; whoever has asked is told SERVFAIL.
   */
  resolve(query: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** Is told what is asked and answered. */
export interface NameObserver {
  /**
   * A question has been answered.
   *
   * @param name In lower case, without its last dot.
   * @param type The number of the type asked for, such as 1 for A.
   * @param answer The whole answer as bytes; to be copied by who keeps it.
   */
  answered(name: string, type: number, answer: Uint8Array): void;
}
