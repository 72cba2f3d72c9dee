/**
 * Who talks in a conversation.
 *
 * @module
 */

/** 10.0.0.2 */
export const PEER_ADDRESS = 0x0a00_0002;
/** 93.184.216.34 */
export const STACK_ADDRESS = 0x5db8_d822;
/** 2001:db8::2 */
export const PEER_ADDRESS_V6 = 0x2001_0db8_0000_0000_0000_0000_0000_0002n;
/** 2001:db8:1::1 */
export const STACK_ADDRESS_V6 = 0x2001_0db8_0001_0000_0000_0000_0000_0001n;
/** The port of the stack's side. */
export const STACK_PORT = 80;
/** The port of the peer's side unless a script changes it. */
export const PEER_PORT = 40_000;
