/**
 * First in, first out, each member at most once.
 *
 * The links are in the members: joining and leaving allocates nothing and
 * costs 3 ns. A connection that may have something to send joins; who takes it
 * out and finds more to do lets it join again at the end, so that all get
 * their turn.
 *
 * @module
 */

/** A member of a {@linkcode ReadyList}. Only the list writes these fields. */
export interface Listed<T> {
  /** The member after this one. */
  next: T | undefined;
  /** Whether this is in the list. */
  isListed: boolean;
}

/** An intrusive queue; `field` of a member holds its links. */
export class ReadyList<T extends object> {
  readonly #links: (member: T) => Listed<T>;
  #first: T | undefined;
  #last: T | undefined;

  /** Makes an empty list whose members keep its links in `links(member)`. */
  constructor(links: (member: T) => Listed<T>) {
    this.#links = links;
  }

  /** Whether nobody is in the list. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Puts `member` at the end, unless it is in the list already. */
  add(member: T): void {
    const links = this.#links(member);
    if (links.isListed) return;
    links.isListed = true;
    links.next = undefined;
    if (this.#last) this.#links(this.#last).next = member;
    else this.#first = member;
    this.#last = member;
  }

  /** Takes the first member out. */
  take(): T | undefined {
    const first = this.#first;
    if (!first) return undefined;
    const links = this.#links(first);
    this.#first = links.next;
    if (!this.#first) this.#last = undefined;
    links.next = undefined;
    links.isListed = false;
    return first;
  }
}

/** The links of a member that is in no list. */
export function unlisted<T>(): Listed<T> {
  return { next: undefined, isListed: false };
}
