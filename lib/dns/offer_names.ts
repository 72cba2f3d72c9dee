/**
 * Where a guest finds its name service.
 *
 * @module
 */
import type { Services } from "../forward/services.ts";
import type { IpAddress } from "../ip/address.ts";
import { DatagramFront } from "./datagram_front.ts";
import type { NameService } from "./name_service.ts";
import { DNS_PORT } from "./resolv_conf.ts";
import { StreamFront } from "./stream_front.ts";

/** Offers `service` at these addresses of a stack, over UDP and TCP. */
export function offerNames(
  services: Services,
  service: NameService,
  addresses: readonly IpAddress[],
): void {
  const datagrams = new DatagramFront(service);
  const streams = new StreamFront(service);
  for (const address of addresses) {
    services.bind({ address, port: DNS_PORT }, datagrams);
    services.listen({ address, port: DNS_PORT }, streams);
  }
}
