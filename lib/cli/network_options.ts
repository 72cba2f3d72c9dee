/**
 * Which networks the guest is in: text from the command line becomes addresses, or one clear refusal.
 *
 * @module
 */
import ipaddr from "ipaddr.js";
import { UsageError } from "./usage_error.ts";

/** The addresses of one of the guest's networks, in text form. */
export interface NetworkOptions {
  /** The version of IP. */
  readonly version: 4 | 6;
  /** The guest's own address: host number 100; with IPv6 that is 0x100. */
  readonly guest: string;
  /** The gateway: host number 2. */
  readonly gateway: string;
  /** The name server: host number 3. */
  readonly dns: string;
  /** Bits of the network part: 8 to 25, with IPv6 to 119. */
  readonly prefixLength: number;
}

/** What the command line says of networks. */
export interface GivenNetworks {
  readonly cidr: string;
  readonly cidr6: string;
  readonly ipv4Only?: boolean | undefined;
  readonly ipv6Only?: boolean | undefined;
}

/** Every link that carries IPv6 takes packets of this length (RFC 8200 §5). */
const SMALLEST_IPV6_MTU = 1280;

/**
 * The guest's networks, IPv4 first. IPv6 is left out where the link is too narrow for it.
 *
 * @param mtu That of the link, in bytes.
 * @throws {UsageError} If one cannot be.
 */
export function parseNetworks(given: GivenNetworks, mtu: number): readonly NetworkOptions[] {
  const { ipv4Only = false, ipv6Only = false } = given;
  if (ipv4Only && ipv6Only) {
    throw new UsageError(
      "invalid --ipv4-only --ipv6-only",
      "nothing would be left",
      "use one of them, or none for both",
    );
  }
  const isTooNarrow = mtu < SMALLEST_IPV6_MTU;
  if (ipv6Only && isTooNarrow) {
    throw new UsageError(
      `invalid --mtu "${mtu}"`,
      "IPv6 needs 1280 or more",
      "choose a larger one, or leave out --ipv6-only",
    );
  }
  const ipv4 = parseNetwork("--cidr", given.cidr, IPV4);
  const ipv6 = parseNetwork("--cidr6", given.cidr6, IPV6);
  return [...(ipv6Only ? [] : [ipv4]), ...(ipv4Only || isTooNarrow ? [] : [ipv6])];
}

/** What differs between the families. */
interface Family {
  readonly version: 4 | 6;
  /** A network that everybody can have. */
  readonly example: string;
  readonly longestPrefix: number;
  /** Kinds of addresses that hosts can have, as ipaddr.js calls them. */
  readonly ranges: readonly string[];
  /** Host numbers as in slirp4netns. */
  readonly hosts: { readonly gateway: number; readonly dns: number; readonly guest: number };
}

/** Shorter than this is no network of anybody. */
const SHORTEST_PREFIX = 8;

const IPV4: Family = {
  version: 4,
  example: "10.0.2.0/24",
  longestPrefix: 25, // with 7 bits for hosts there is room for number 100
  ranges: ["private", "unicast", "carrierGradeNat"],
  hosts: { gateway: 2, dns: 3, guest: 100 },
};

const IPV6: Family = {
  version: 6,
  example: "fd00::/64",
  longestPrefix: 119, // with 9 bits for hosts there is room for number 0x100
  ranges: ["uniqueLocal", "unicast"],
  hosts: { gateway: 2, dns: 3, guest: 0x100 },
};

function parseNetwork(option: string, text: string, family: Family): NetworkOptions {
  const { version, example, longestPrefix, ranges, hosts } = family;
  const refuse = (why: string, remedy = `write it like "${example}"`) =>
    new UsageError(`invalid ${option} "${text}"`, why, remedy);

  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  if (versionOf(address) === undefined || address.includes("%")) {
    throw refuse(`not an IPv${version} address with a prefix length`);
  }
  if (versionOf(address) !== version) {
    throw refuse(`it is an IPv${10 - version} network`, `give it as ${OTHER_OPTION[version]}`);
  }
  const prefix = text.slice(address.length + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix)) throw refuse("the prefix length is missing");
  const prefixLength = Number(prefix);
  if (prefixLength < SHORTEST_PREFIX || prefixLength > longestPrefix) {
    throw refuse(
      `the prefix length is not ${SHORTEST_PREFIX} to ${longestPrefix}`,
      "choose a network with room for 100 hosts and more",
    );
  }

  const octets = ipaddr.parse(address).toByteArray();
  const network = octets.map((octet, at) => octet & maskOctet(prefixLength, at));
  if (network.some((octet, at) => octet !== octets[at])) {
    throw refuse("host bits are set", `use "${ipaddr.fromByteArray(network)}/${prefixLength}"`);
  }
  const range = ipaddr.fromByteArray(network).range();
  if (!ranges.includes(range)) {
    const words = range.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    throw refuse(`the ${words} range is not for hosts`, `use a private one like "${example}"`);
  }
  const host = (number: number) => hostAddress(network, number);
  return {
    version,
    guest: host(hosts.guest),
    gateway: host(hosts.gateway),
    dns: host(hosts.dns),
    prefixLength,
  };
}

const OTHER_OPTION = { 4: "--cidr6", 6: "--cidr" } as const;

function versionOf(address: string): 4 | 6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return 4;
  return ipaddr.IPv6.isValid(address) ? 6 : undefined;
}

/** The bits of a network's octet number `at` that belong to its prefix. */
function maskOctet(prefixLength: number, at: number): number {
  return 0xff00 >> Math.min(8, Math.max(0, prefixLength - 8 * at)) & 0xff;
}

/** The address with this number in a network; its last bits are zero, and enough. */
function hostAddress(network: readonly number[], number: number): string {
  const fromEnd = (at: number) => network.length - 1 - at;
  const octets = network.map((octet, at) =>
    fromEnd(at) < 2 ? octet | number >> 8 * fromEnd(at) & 0xff : octet
  );
  return ipaddr.fromByteArray(octets).toString();
}
