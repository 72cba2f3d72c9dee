/**
 * ICMP in packetdrill's words.
 *
 * @module
 */

/** A type of ICMP. */
export interface IcmpType {
  readonly type: number;
  readonly codes: Readonly<Record<string, number>>;
}

/** The codes of ICMP's destination unreachable. */
const UNREACHABLE_CODES: Readonly<Record<string, number>> = {
  "net_unreachable": 0,
  "host_unreachable": 1,
  "protocol_unreachable": 2,
  "port_unreachable": 3,
  "frag_needed": 4,
  "source_route_failed": 5,
  "net_unknown": 6,
  "host_unknown": 7,
  "source_host_isolated": 8,
  "net_prohibited": 9,
  "host_prohibited": 10,
  "net_unreachable_for_tos": 11,
  "host_unreachable_for_tos": 12,
  "admin_prohib": 13,
  "packet_filtered": 13,
  "precedence_violation": 14,
  "precedence_cutoff": 15,
};

/** The types of ICMP for IPv4. */
export const ICMP_TYPES: Readonly<Record<string, IcmpType>> = {
  "echo_reply": { type: 0, codes: {} },
  unreachable: { type: 3, codes: UNREACHABLE_CODES },
  "source_quench": { type: 4, codes: {} },
  redirect: {
    type: 5,
    codes: { net: 0, host: 1, "tos_net": 2, "tos_host": 3 },
  },
  "echo_request": { type: 8, codes: {} },
  "time_exceeded": {
    type: 11,
    codes: {
      ttl: 0,
      "ttl_exceeded": 0,
      "ttl_exceeded_in_transit": 0,
      "frag_time": 1,
      "frag_reass_exceeded": 1,
    },
  },
  "parameter_problem": { type: 12, codes: { "code_0": 0, "code_1": 1, "code_2": 2 } },
  "timestamp_request": { type: 13, codes: {} },
  "timestamp_reply": { type: 14, codes: {} },
  "information_request": { type: 15, codes: {} },
  "information_reply": { type: 16, codes: {} },
  "address_mask_request": { type: 17, codes: {} },
  "address_mask_reply": { type: 18, codes: {} },
};

/** The types of ICMP for IPv6. */
export const ICMPV6_TYPES: Readonly<Record<string, IcmpType>> = {
  unreachable: {
    type: 1,
    codes: {
      "net_unreachable": 0,
      "no_route": 0,
      "admin_prohibited": 1,
      "not_neighbour": 2,
      "addr_unreachable": 3,
      "address_unreachable": 3,
      "port_unreachable": 4,
    },
  },
  "packet_too_big": { type: 2, codes: {} },
  "time_exceeded": { type: 3, codes: { "exceed_hop_limit": 0, "exceed_frag_time": 1 } },
  "parameter_problem": { type: 4, codes: { "hdr_field": 0, "nh_type": 1, option: 2 } },
  "echo_request": { type: 128, codes: {} },
  "echo_reply": { type: 129, codes: {} },
};
