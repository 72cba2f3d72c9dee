/**
 * Which networks the guest is in: text from the command line becomes addresses, or one clear refusal.
 *
 * @module
 */
import { isIpv4, sameAddress } from "../ip/address.ts";
import { networkAddress } from "../ip/prefix.ts";
import { formatAddress, tryParseAddress } from "../text/address.ts";
import { specialRange } from "./special_ranges.ts";
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
  /** Host numbers as in slirp4netns. */
  readonly hosts: { readonly gateway: number; readonly dns: number; readonly guest: number };
}

/** Shorter than this is no network of anybody. */
const SHORTEST_PREFIX = 8;

const IPV4: Family = {
  version: 4,
  example: "10.0.2.0/24",
  longestPrefix: 25, // with 7 bits for hosts there is room for number 100
  hosts: { gateway: 2, dns: 3, guest: 100 },
};

const IPV6: Family = {
  version: 6,
  example: "fd00::/64",
  longestPrefix: 119, // with 9 bits for hosts there is room for number 0x100
  hosts: { gateway: 2, dns: 3, guest: 0x100 },
};

function parseNetwork(option: string, text: string, family: Family): NetworkOptions {
  const { version, example, longestPrefix, hosts } = family;
  const refuse = (why: string, remedy = `write it like "${example}"`) =>
    new UsageError(`invalid ${option} "${text}"`, why, remedy);

  const slash = text.indexOf("/");
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const address = tryParseAddress(addressText);
  if (!address) throw refuse(`not an IPv${version} address with a prefix length`);
  if (addressText.includes(":") !== (version === 6)) {
    throw refuse(`it is an IPv${10 - version} network`, `give it as ${OTHER_OPTION[version]}`);
  }
  const prefix = text.slice(addressText.length + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix)) throw refuse("the prefix length is missing");
  const prefixLength = Number(prefix);
  if (prefixLength < SHORTEST_PREFIX || prefixLength > longestPrefix) {
    throw refuse(
      `the prefix length is not ${SHORTEST_PREFIX} to ${longestPrefix}`,
      "choose a network with room for 100 hosts and more",
    );
  }

  const network = networkAddress({ address, prefixLength });
  if (!sameAddress(network, address)) {
    throw refuse("host bits are set", `use "${formatAddress(network)}/${prefixLength}"`);
  }
  const isMapped = version === 6 && isIpv4(network);
  const range = isMapped ? "IPv4 mapped" : specialRange(network);
  if (range !== undefined) {
    throw refuse(`the ${range} range is not for hosts`, `use a private one like "${example}"`);
  }
  const host = (number: number) => formatAddress({ ...network, w3: network.w3 | number });
  return {
    version,
    guest: host(hosts.guest),
    gateway: host(hosts.gateway),
    dns: host(hosts.dns),
    prefixLength,
  };
}

const OTHER_OPTION = { 4: "--cidr6", 6: "--cidr" } as const;
