/**
 * The addresses in the tests' own internet: those for documentation (RFC 5737,
 * RFC 3849).
 *
 * @module
 */

/** Where names are served, in both families. */
export const NAME_SERVER = { ipv4: "198.51.100.53", ipv6: "2001:db8:1::53" } as const;
/** Where everything else is served. */
export const SERVER = { ipv4: "198.51.100.80", ipv6: "2001:db8:1::80" } as const;
/** The routers that a packet to the servers passes, the near one first. */
export const ROUTERS = {
  ipv4: ["192.0.2.1", "192.0.2.6"],
  ipv6: ["2001:db8:0:1::1", "2001:db8:0:2::2"],
} as const;
/** An address to which the far router has no route. */
export const NOWHERE = { ipv4: "203.0.113.1", ipv6: "2001:db8:dead::1" } as const;
