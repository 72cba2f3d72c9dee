/**
 * A program: serves one page over HTTP, for as many as come at once.
 * Arguments: a port, the file with the page.
 *
 * @module
 */
const [port, file = ""] = Deno.args;
const page = Deno.readFileSync(file);
Deno.serve({ hostname: "::", port: Number(port), tcpBacklog: 4096 }, () => new Response(page));
