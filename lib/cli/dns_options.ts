/**
 * The guest's name service: text from the command line becomes addresses, or one clear refusal.
 *
 * @module
 */
import ipaddr from "ipaddr.js";
import { DNS_PORT, type NameServer } from "../dns/resolv_conf.ts";
import type { NetworkOptions } from "./network_options.ts";
import { UsageError } from "./usage_error.ts";

/** The name service of a guest. */
export interface DnsOptions {
  /** Whom it asks; none: those of the host's /etc/resolv.conf. */
  readonly servers: readonly NameServer[];
  /** Where the guest finds it: an address in each of its networks, as text. */
  readonly addresses: readonly string[];
}

/** What the command line says of the name service. */
export interface GivenDns {
  /** Addresses; false is `--no-dns`. */
  readonly dns?: boolean | readonly string[] | undefined;
  readonly dnsForward?: readonly string[] | undefined;
}

/**
 * The name service for a guest in `networks`, or undefined if there is to be none.
 *
 * @throws {UsageError} If something cannot be.
 */
export function parseDns(
  { dns = true, dnsForward = [] }: GivenDns,
  networks: readonly NetworkOptions[],
): DnsOptions | undefined {
  if (dns === false) {
    if (dnsForward.length === 0) return undefined;
    throw new UsageError(
      "invalid --no-dns --dns-forward",
      "without a name service there is nothing to be found",
      "use one of them",
    );
  }
  const given = dnsForward.map((text) => parseOwnAddress(text, networks));
  return {
    servers: dns === true ? [] : dns.map(parseServer),
    addresses: networks.map((network) => {
      const [own, another] = given.filter((address) => address.network === network);
      if (!another) return own?.text ?? network.dns;
      throw new UsageError(
        `invalid --dns-forward "${another.text}"`,
        `it is in the same network as "${own?.text}"`,
        "give one address for each network",
      );
    }),
  };
}

/** An address that may have a port: `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`. */
function parseServer(text: string): NameServer {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  const number = port === undefined ? DNS_PORT : Number(port);
  const isAddress = bracketed === undefined && ipaddr.IPv4.isValidFourPartDecimal(address) ||
    plain === undefined && ipaddr.IPv6.isValid(address);
  if (isAddress && number > 0 && number <= 0xffff) return { address, port: number };
  throw new UsageError(
    `invalid --dns "${text}"`,
    "not an IP address, with or without a port",
    'write it like "192.0.2.53", "192.0.2.53:5353" or "[2001:db8::53]:5353"',
  );
}

function parseOwnAddress(text: string, networks: readonly NetworkOptions[]) {
  const refuse = (why: string, remedy: string) =>
    new UsageError(`invalid --dns-forward "${text}"`, why, remedy);

  const isIpv6 = ipaddr.IPv6.isValid(text) && !text.includes("%");
  if (!isIpv6 && !ipaddr.IPv4.isValidFourPartDecimal(text)) {
    throw refuse("not an IP address", 'write it like "10.0.2.3" or "fd00::3"');
  }
  const address = ipaddr.parse(text);
  const network = networks.find(({ guest, prefixLength }) => {
    const own = ipaddr.parse(guest);
    return own.kind() === address.kind() && address.match(own, prefixLength);
  });
  if (!network) {
    const wanted = networks.map(({ dns }) => `"${dns}"`).join(" or ");
    throw refuse("not in a network of the guest's", `choose an address like ${wanted}`);
  }
  const canonical = address.toString();
  if (canonical === network.guest) throw refuse("the guest itself has it", "choose another");
  if (canonical === network.gateway) throw refuse("the gateway has it", "choose another");
  if (isEnd(address.toByteArray(), network.prefixLength)) {
    throw refuse("the first and the last address of a network are nobody's", "choose another");
  }
  return { text: canonical, network };
}

/** Whether all bits behind the prefix are the same. */
function isEnd(octets: readonly number[], prefixLength: number): boolean {
  const bits = octets.map((octet) => octet.toString(2).padStart(8, "0")).join("");
  return /^(0*|1*)$/.test(bits.slice(prefixLength));
}
