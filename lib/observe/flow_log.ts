/**
 * What became of a guest's flows: counts by target, and lines while it happens.
 *
 * A guest can open flows as it likes, so that both are bounded.
 *
 * @module
 */
import { answerAddresses } from "../dns/answer_addresses.ts";
import type { NameObserver } from "../dns/resolver.ts";
import type { FlowEnd, FlowObserver, FlowRefusal } from "../forward/observer.ts";
import { sameAddress } from "../ip/address.ts";
import type { Flow } from "../ip/flow.ts";
import { IpProtocol } from "../ip/header.ts";
import { formatAddress, formatEndpoint, formatFlow } from "../text/address.ts";

/** All flows to one target. */
export interface TargetRow {
  /** Address and port, with "/udp" behind it if it is not TCP; or the word "others". */
  readonly target: string;
  /** Flows that were opened or refused. */
  flows: number;
  /** Flows that are open. */
  open: number;
  /** Bytes from the guest, of the flows that are over. */
  up: number;
  /** Bytes to the guest, of the flows that are over. */
  down: number;
  /** How the flows ended, and how many of them so. */
  readonly ends: Map<FlowEnd | FlowRefusal, number>;
}

/** Takes lines while things happen; a level that is absent is off. */
export interface FlowLogLines {
  /** Every flow. */
  readonly detail?: (line: string) => void;
  /** What a policy has denied. */
  readonly denial?: (line: string) => void;
}

const MOST_TARGETS = 1000;
const MOST_DETAILS = 10_000;
const MOST_DENIALS = 20;
const OTHERS = "others";

/** Counts flows by target; see the module's description. */
export class FlowLog implements FlowObserver, NameObserver {
  readonly #rows = new Map<string, TargetRow>();
  readonly #lines: FlowLogLines;
  readonly #denied = new Set<string>();
  #last: { readonly flow: Flow; readonly row: TargetRow } | undefined;
  #details = 0;

  /** Makes an empty log that tells `lines` what happens. */
  constructor(lines: FlowLogLines = {}) {
    this.#lines = lines;
  }

  /** The targets, in the order in which they were first asked for. */
  get rows(): readonly TargetRow[] {
    return [...this.#rows.values()];
  }

  opened(flow: Flow): void {
    const row = this.#row(flow);
    row.flows++;
    row.open++;
    this.#detail(() => `open ${formatFlow(flow)}`);
  }

  refused(flow: Flow, how: FlowRefusal, reason: string): void {
    const row = this.#row(flow);
    row.flows++;
    row.ends.set(how, (row.ends.get(how) ?? 0) + 1);
    if (how === "denied") this.#tellDenial(flow, reason);
    else this.#detail(() => `${how} ${formatFlow(flow)}: ${reason}`);
  }

  closed(flow: Flow, end: FlowEnd, up: number, down: number): void {
    const row = this.#row(flow);
    row.open--;
    row.up += up;
    row.down += down;
    row.ends.set(end, (row.ends.get(end) ?? 0) + 1);
    this.#detail(() => `${end} ${formatFlow(flow)}: ${up} bytes up, ${down} down`);
  }

  /** A name was asked for; `type` is the number of the type. */
  answered(name: string, type: number, answer: Uint8Array): void {
    this.#detail(() => {
      const addresses = answerAddresses(answer).map(({ address }) => formatAddress(address));
      return `name ${name} ${typeName(type)}: ${addresses.join(" ") || "no address"}`;
    });
  }

  /** Many flows in a row have the same target: then it need not be written out again. */
  #row(flow: Flow): TargetRow {
    if (!this.#last || !isSameTarget(this.#last.flow, flow)) {
      this.#last = { flow, row: this.#find(flow) };
    }
    return this.#last.row;
  }

  #find(flow: Flow): TargetRow {
    const wanted = nameOf(flow);
    const isKnown = this.#rows.has(wanted) || this.#rows.size < MOST_TARGETS;
    const name = isKnown ? wanted : OTHERS;
    const row = this.#rows.get(name) ??
      { target: name, flows: 0, open: 0, up: 0, down: 0, ends: new Map() };
    this.#rows.set(name, row);
    return row;
  }

  /** Each target once: a scan of all ports is not to fill the screen. */
  #tellDenial(flow: Flow, reason: string): void {
    const target = nameOf(flow);
    if (this.#denied.has(target) || this.#denied.size > MOST_DENIALS) return;
    this.#denied.add(target);
    const isLast = this.#denied.size > MOST_DENIALS;
    this.#lines.denial?.(isLast ? "more targets were denied" : `denied ${target}: ${reason}`);
  }

  #detail(line: () => string): void {
    if (!this.#lines.detail || this.#details > MOST_DETAILS) return;
    this.#details++;
    this.#lines.detail(this.#details > MOST_DETAILS ? "no more lines of this kind" : line());
  }
}

function isSameTarget(one: Flow, other: Flow): boolean {
  return one.target.port === other.target.port && one.protocol === other.protocol &&
    sameAddress(one.target.address, other.target.address);
}

function nameOf({ protocol, target }: Flow): string {
  const isPing = protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6;
  if (isPing) return `${formatAddress(target.address)}/icmp`; // no ports
  return formatEndpoint(target) + (protocol === IpProtocol.Udp ? "/udp" : "");
}

/** As people write it, or in the notation of RFC 3597 §5. */
function typeName(type: number): string {
  return { 1: "A", 28: "AAAA", 65: "HTTPS" }[type] ?? `TYPE${type}`;
}
