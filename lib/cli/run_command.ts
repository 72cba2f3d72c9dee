/**
 * `headgate run`: declares, converts, delegates.
 *
 * @module
 */
import { Command } from "@cliffy/command";
import type { Effects } from "./effects.ts";
import { SEE_HELP } from "./mark_command.ts";
import type { GivenOptions } from "./run_options.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The command `run`. It expects its words as `markCommand` leaves them.
 *
 * @param exit Takes the exit code.
 */
export function createRunCommand(effects: Effects, exit: (code: number) => void) {
  return new Command()
    .description("Run a command in a network namespace of its own, behind the TypeScript stack.")
    .usage("[OPTIONS] [--] [COMMAND] [ARG...]")
    .arguments("[command...:string]")
    .option("--cidr <cidr:string>", "The guest's network: it is .100, gateway .2, DNS .3.", {
      default: "10.0.2.0/24",
    })
    .option("--cidr6 <cidr:string>", "Its IPv6 network: it is ::100, gateway ::2, DNS ::3.", {
      default: "fd00::/64",
    })
    .option("-4, --ipv4-only", "No IPv6 for the guest.")
    .option("-6, --ipv6-only", "No IPv4 for the guest.")
    .option("--mtu <bytes:string>", "Largest IP packet, 576 to 65521; IPv6 needs 1280.", {
      default: "65520",
    })
    .option("--tap", "Ethernet: a TAP device, which the guest configures by DHCP and SLAAC.")
    .option("--config-net", "Configure the TAP device before the command runs.")
    .option("-I, --interface <name:string>", "Name of the device (Default: tun0, with --tap tap0)")
    .option("--host-loopback", "Let the gateway's address reach the host's loopback.")
    .option("--dns <address:string>", "Ask this name server, not the host's; may be repeated.", {
      collect: true,
    })
    .option("--dns-forward <address:string>", "Where the guest finds its name server.", {
      collect: true,
    })
    .option("--no-dns", "No name server for the guest; it sees the host's resolv.conf.")
    .option("--no-icmp", "No pings to elsewhere.")
    .option("--no-udp", "No datagrams to elsewhere; the name server is there all the same.")
    .option("--udp-timeout <seconds:string>", "How long an idle flow of datagrams is kept.", {
      default: "180",
    })
    .option("--no-offload", "No checksum or segmentation offload on the device.")
    .option("--isn <hash:string>", "Hash of initial sequence numbers: siphash or jenkins.", {
      default: "siphash",
    })
    .option("--pcap <file:string>", "Write every packet to this file.")
    .option("--summary", "Show a table of flows at the end.")
    .option("-q, --quiet", "Say nothing but errors.")
    .option("-v, --verbose", "Say what happens.")
    .example("One program", "headgate run -- curl https://example.com")
    .example("A shell", "headgate run")
    .example("With a capture", "headgate run --pcap all.pcap -- make test")
    .action(async function (given: GivenOptions, ...strays: string[]) {
      const stray = strays[0];
      if (stray !== undefined) {
        throw new UsageError(
          `unknown option "${stray}"`,
          "headgate run has no such option",
          SEE_HELP,
        );
      }
      const command = this.getLiteralArgs();
      const shell = effects.env("SHELL") || "/bin/sh";
      const { parseRunOptions } = await import("./run_options.ts");
      const options = parseRunOptions(given, command.length > 0 ? command : [shell]);
      try {
        exit(await effects.run(options));
      } catch (error) {
        // The one line that everybody gets has neither stack nor causes.
        if (options.verbosity === "verbose") effects.printError(Deno.inspect(error));
        throw error;
      }
    });
}
