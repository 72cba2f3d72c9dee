/**
 * IP addresses, endpoints and flows as text.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5952 | RFC 5952}
 * @module
 */
import { type IpAddress, ipv4, isIpv4 } from "../ip/address.ts";
import type { Endpoint, Flow } from "../ip/flow.ts";

/**
 * The address that `text` says: four decimal numbers, or any form of RFC 4291
 * §2.2.
 *
 * @throws {SyntaxError} When it says none.
 */
export function parseAddress(text: string): IpAddress {
  const address = tryParseAddress(text);
  if (address) return address;
  throw new SyntaxError(`Cannot read "${text}": it is not an IP address`);
}

/** As {@linkcode parseAddress}, but undefined for a text that says no address. */
export function tryParseAddress(text: string): IpAddress | undefined {
  if (text.includes(":")) return parseIpv6(text);
  const bits = parseIpv4(text);
  return bits === undefined ? undefined : ipv4(bits);
}

/** Whether `text` is an address; one of IPv6 may have a zone, as in `fe80::1%eth0` (RFC 4007 §11). */
export function isZonedAddress(text: string): boolean {
  const address = text.includes(":") ? text.replace(/%[0-9a-z]+$/i, "") : text;
  return tryParseAddress(address) !== undefined;
}

/** Zeros in front are refused: some programs take such a number for an octal one. */
const DECIMAL = /^(0|[1-9]\d{0,2})$/;

function parseIpv4(text: string): number | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  let bits = 0;
  for (const octet of octets) {
    if (!DECIMAL.test(octet) || Number(octet) > 255) return undefined;
    bits = bits << 8 | Number(octet);
  }
  return bits;
}

const GROUPS = 8;

function parseIpv6(text: string): IpAddress | undefined {
  const [front, back, ...more] = withoutDots(text).split("::").map(parseGroups);
  if (!front || more.length > 0) return undefined;
  let groups = front;
  if (back) {
    const left = GROUPS - front.length - back.length;
    if (left < 1) return undefined; // "::" stands for one group or more
    groups = [...front, ...new Array<number>(left).fill(0), ...back];
  }
  if (groups.length !== GROUPS || groups.some(Number.isNaN)) return undefined;
  const word = (at: number) => groups[at]! << 16 | groups[at + 1]!; // there are eight
  return { w0: word(0), w1: word(2), w2: word(4), w3: word(6) };
}

/** Numbers of groups of 16 bits; NaN for what is none. */
function parseGroups(text: string): readonly number[] {
  if (text === "") return [];
  return text.split(":").map((group) => /^[0-9a-f]{1,4}$/i.test(group) ? parseInt(group, 16) : NaN);
}

/** Puts two groups in the place of an IPv4 address at the end (RFC 4291 §2.2, form 3). */
function withoutDots(text: string): string {
  const at = text.lastIndexOf(":") + 1;
  const bits = parseIpv4(text.slice(at));
  if (bits === undefined) return text;
  return `${text.slice(0, at)}${(bits >>> 16).toString(16)}:${(bits & 0xffff).toString(16)}`;
}

/** `address` as text. */
export function formatAddress(address: IpAddress): string {
  const { w0, w1, w2, w3 } = address;
  if (isIpv4(address)) {
    return `${w3 >>> 24}.${(w3 >>> 16) & 0xff}.${(w3 >>> 8) & 0xff}.${w3 & 0xff}`;
  }
  const groups = [w0, w1, w2, w3].flatMap((word) => [word >>> 16, word & 0xffff]);
  return shorten(groups.map((group) => group.toString(16)).join(":"));
}

/** Puts "::" in the place of the longest run of zeros, the first of several (RFC 5952 §4.2). */
function shorten(text: string): string {
  let longest = "", at = 0;
  for (const { 0: run, index } of text.matchAll(/\b0(:0)+\b/g)) {
    if (run.length > longest.length) [longest, at] = [run, index];
  }
  if (longest === "") return text;
  const [before, after] = [text.slice(0, at), text.slice(at + longest.length)];
  return `${before.replace(/:$/, "")}::${after.replace(/^:/, "")}`;
}

/** `endpoint` as text, such as `10.0.2.100:443` or `[fd00::1]:443`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  const text = formatAddress(address);
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
}

/** `flow` as text: client, then target. */
export function formatFlow({ client, target }: Flow): string {
  return `${formatEndpoint(client)} > ${formatEndpoint(target)}`;
}
