/**
 * headgate: userspace networking for Linux, in TypeScript.
 *
 * A command gets a network namespace of its own, whose only link is a TUN
 * device. Every packet goes to a {@linkcode Stack}, which terminates the guest's
 * TCP; a {@linkcode Forwarder} asks a {@linkcode Policy} and opens the outer half
 * of each flow with a {@linkcode Dialer}.
 *
 * @example Run a command, and decide what it may reach
 * ```ts
 * import { AddressPolicy, parseAddress, runGuest } from "@headgate/headgate";
 *
 * const addresses = new AddressPolicy({
 *   networks: [{ gateway: parseAddress("10.0.2.2"), prefixLength: 24 }],
 * });
 * const { status } = await runGuest({
 *   guest: {
 *     command: ["curl", "-s", "https://192.0.2.1/"],
 *     interfaceName: "tun0",
 *     mtu: 65520,
 *     offload: true,
 *     networks: [{ address: "10.0.2.100", prefixLength: 24, gateway: "10.0.2.2" }],
 *   },
 *   forwarder: {
 *     policy: {
 *       decide: (flow) =>
 *         flow.target.port === 443
 *           ? addresses.decide(flow)
 *           : { kind: "reject", reason: "only HTTPS" },
 *     },
 *   },
 * });
 * console.log(status);
 * ```
 *
 * Needs Linux and `-A`: it calls the kernel through FFI. See README.md for the
 * command line and ARCHITECTURE.md for how it is made.
 *
 * @module
 */
export { type Clock, type Millis, NEVER } from "./lib/base/clock.ts";
export { Drop, DropCounters } from "./lib/base/drop.ts";
export { ChecksumState, HEADROOM, PacketBuffer } from "./lib/base/packet_buffer.ts";
export { type Random, SeededRandom, systemRandom } from "./lib/base/random.ts";
export {
  AddressField,
  AddressKind,
  addressKind,
  type IpAddress,
  ipv4,
  isIpv4,
} from "./lib/ip/address.ts";
export { type Endpoint, EndpointField, type Flow } from "./lib/ip/flow.ts";
export type { AdmissionOptions } from "./lib/ip/admission.ts";
export type { Prefix } from "./lib/ip/prefix.ts";
export type { EchoFailure, EchoRequest } from "./lib/icmp/echo.ts";
export { IpHeader, IpProtocol, type Problem } from "./lib/ip/header.ts";
export {
  type DeliveryError,
  type DeliveryErrorKind,
  ipv4Protocol,
  ipv6Protocol,
  type NetworkProtocol,
  type TransportProtocol,
} from "./lib/ip/ip.ts";
export type {
  ConnectionConfig,
  ConnectionOptions,
  KeepAlive,
  TcpOptions,
} from "./lib/tcp/config.ts";
export type {
  CongestionChoice,
  CongestionControl,
  CongestionFactory,
  CongestionSizes,
} from "./lib/tcp/congestion.ts";
export type { Connection } from "./lib/tcp/connection.ts";
export type { TcpInfo } from "./lib/tcp/info.ts";
export { Event, type TextSink } from "./lib/tcp/control_block.ts";
export { TcpError, type TcpErrorCode } from "./lib/tcp/error.ts";
export type { IsnAlgorithm, IsnGenerator } from "./lib/tcp/isn.ts";
export type { ListenEndpoint, Listener, ListenerInfo, ListenOptions } from "./lib/tcp/listener.ts";
export type { ClientEndpoint } from "./lib/tcp/ports.ts";
export type { FlowRequest, Unreachable } from "./lib/tcp/request.ts";
export type { Seq } from "./lib/tcp/seq.ts";
export { State, stateName } from "./lib/tcp/state.ts";
export type { UdpOptions } from "./lib/udp/config.ts";
export type { BindOptions, BoundEndpoint, DatagramSocket, Received } from "./lib/udp/socket.ts";
export type { DatagramFlow } from "./lib/udp/udp_flow.ts";
export {
  type LinkCapabilities,
  type MemoryInfo,
  Stack,
  type StackOptions,
} from "./lib/stack/stack.ts";
export { formatAddress, formatEndpoint, formatFlow, parseAddress } from "./lib/text/address.ts";
export { Driver, type DriverOptions, type Shell, systemClock } from "./lib/driver.ts";
export { type Pollable, Poller, type Token } from "./lib/ffi/poller.ts";
export { TunDevice, type TunOptions, WriteResult } from "./lib/ffi_tun.ts";
export { type Link, SendResult } from "./lib/link/link.ts";
export { LinkDecorator } from "./lib/link/link_decorator.ts";
export type { DhcpOptions } from "./lib/dhcp/dhcp.ts";
export type { Dhcpv6Options } from "./lib/dhcp/dhcpv6.ts";
export type { EthernetOptions } from "./lib/ethernet/ethernet.ts";
export type { MacAddress } from "./lib/ethernet/header.ts";
export type { PlaceOptions } from "./lib/ethernet/place.ts";
export type { RouterOptions } from "./lib/ethernet/router.ts";
export { EthernetLink, type EthernetLinkOptions } from "./lib/link/ethernet_link.ts";
export { MemoryLink, type MemoryLinkOptions } from "./lib/link/memory_link.ts";
export { type FrameDevice, TunLink } from "./lib/link/tun_link.ts";
export { type AnswerAddress, answerAddresses } from "./lib/dns/answer_addresses.ts";
export { LocalNames } from "./lib/dns/local_names.ts";
export type { NameCounts, NameServiceOptions } from "./lib/dns/name_service.ts";
export {
  formatResolvConf,
  type NameServer,
  parseResolvConf,
  type ResolvConf,
  type ResolverConfig,
} from "./lib/dns/resolv_conf.ts";
export type { NameObserver, Resolver } from "./lib/dns/resolver.ts";
export type { Exchange } from "./lib/dns/exchange.ts";
export { type Exchanges, systemExchanges, UpstreamResolver } from "./lib/dns/upstream.ts";
export type { ByteStream, Dialer, Target } from "./lib/forward/dialer.ts";
export { directDialer } from "./lib/forward/direct_dialer.ts";
export { Forwarder, type ForwarderOptions } from "./lib/forward/forwarder.ts";
export type { PingDevice } from "./lib/forward/pinger.ts";
export { Pings, type PingsOptions } from "./lib/forward/pings.ts";
export type { PingFailure, PingReply } from "./lib/ffi/ping_socket.ts";
export type { SendFailure } from "./lib/ffi/error_queue.ts";
export { DatagramForwarder, type DatagramForwarderOptions } from "./lib/forward/datagrams.ts";
export type {
  DatagramFailure,
  DatagramNetwork,
  DatagramPort,
  LateFailure,
} from "./lib/forward/datagram_network.ts";
export type { FlowEnd, FlowObserver, FlowRefusal } from "./lib/forward/observer.ts";
export {
  AddressPolicy,
  type AddressPolicyOptions,
  type Policy,
  type Verdict,
} from "./lib/forward/policy.ts";
export {
  type Datagram,
  type DatagramService,
  Services,
  type StreamService,
} from "./lib/forward/services.ts";
export { ConnectionStream } from "./lib/forward/connection_stream.ts";
export type { SpliceEnd } from "./lib/forward/splice.ts";
export { type Guest, type GuestOptions, prepareGuest, SetupError } from "./lib/namespace/guest.ts";
export type { LinkNetwork, LinkSettings } from "./lib/namespace/init.ts";
export {
  type GuestNames,
  type GuestResult,
  runGuest,
  type RunGuestOptions,
  type ServeOptions,
} from "./lib/namespace/run_guest.ts";
export { FlowLog, type FlowLogLines, type TargetRow } from "./lib/observe/flow_log.ts";
