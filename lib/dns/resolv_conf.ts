/**
 * resolv.conf: what a host's resolver is told, and what a guest's is.
 *
 * Read as glibc reads it: three servers at most, the last `search` counts, and
 * what makes no sense is passed over.
 *
 * @see {@link https://man7.org/linux/man-pages/man5/resolv.conf.5.html | resolv.conf(5)}
 * @module
 */
import ipaddr from "ipaddr.js";

/** A name server. */
export interface NameServer {
  /** Its address as text; of IPv6 perhaps with a zone, such as `fe80::1%eth0`. */
  readonly address: string;
  /** 53, unless somebody says otherwise. */
  readonly port: number;
}

/** Whom to ask, and how. */
export interface ResolverConfig {
  /** In the order in which they are asked; never empty. */
  readonly servers: readonly NameServer[];
  /** How long each is waited for at first, in milliseconds. */
  readonly timeout: number;
  /** How often each is asked. */
  readonly attempts: number;
  /** Whether each query begins with another server. */
  readonly rotate: boolean;
  /** Whether TCP alone is used (`use-vc`). */
  readonly overTcp: boolean;
}

/** All that a resolv.conf says. */
export interface ResolvConf extends ResolverConfig {
  /** The domains in which short names are looked for. */
  readonly search: readonly string[];
  /** The words behind `options`. */
  readonly options: readonly string[];
}

/** The port of DNS. */
export const DNS_PORT = 53;

// resolv.h: MAXNS, RES_TIMEOUT, RES_MAXRETRANS, RES_DFLRETRY, RES_MAXRETRY.
const MAX_SERVERS = 3;
const TIMEOUT = 5, MAX_TIMEOUT = 30;
const ATTEMPTS = 2, MAX_ATTEMPTS = 5;

/** What a program asks that has no resolv.conf: a server on its own machine. */
const DEFAULT_SERVER: NameServer = { address: "127.0.0.1", port: DNS_PORT };

/** Unspecified addresses lead to the machine itself, which then answers from these. */
const OWN_MACHINE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** What the text of a resolv.conf says. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: NameServer[] = [];
  const options: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split("\n")) {
    if (/^[#;]/.test(line)) continue;
    const [keyword, ...words] = line.trim().split(/\s+/);
    const [first] = words;
    if (keyword === "nameserver" && first !== undefined && isAddress(first)) {
      servers.push({ address: OWN_MACHINE[first] ?? first, port: DNS_PORT });
    } else if (keyword === "domain" && first !== undefined) search = [first];
    else if (keyword === "search" && first !== undefined) search = words;
    else if (keyword === "options") options.push(...words);
  }
  return {
    servers: servers.length > 0 ? servers.slice(0, MAX_SERVERS) : [DEFAULT_SERVER],
    timeout: numberOf(options, "timeout", TIMEOUT, MAX_TIMEOUT) * 1000,
    attempts: numberOf(options, "attempts", ATTEMPTS, MAX_ATTEMPTS),
    rotate: options.includes("rotate"),
    overTcp: options.includes("use-vc"),
    search,
    options,
  };
}

/** The text of a resolv.conf for a guest whose name servers have these addresses. */
export function formatResolvConf(
  servers: readonly string[],
  { search, options }: Pick<ResolvConf, "search" | "options">,
): string {
  return [
    "# Made by headgate: the host's own file is hidden behind this one.",
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(" ")}`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}`] : []),
    "",
  ].join("\n");
}

/** Whether that is an IP address; one of IPv6 may have a zone. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

/** The value of `name:value` among options; the last counts. */
function numberOf(options: readonly string[], name: string, otherwise: number, most: number) {
  const text = options.findLast((option) => option.startsWith(`${name}:`))?.slice(name.length + 1);
  if (text === undefined || !/^\d+$/.test(text)) return otherwise;
  return Math.min(Math.max(Number(text), 1), most);
}
