/**
 * The demo's guest: reads all that a server sends and checks its SHA-256.
 *
 *     demo_client.ts HOST PORT SIZE SHA256
 *
 * @module
 */
import { receive } from "./demo_receive.ts";

const [hostname = "", port = "", size = "", sha256 = ""] = Deno.args;
const connection = await Deno.connect({ hostname, port: Number(port) });
const isIntact = await receive((into) => connection.read(into), Number(size), sha256);
connection.close();
Deno.exit(isIntact ? 0 : 1);
