import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Command, ValidationError } from "@cliffy/command";

/** What a tree with every feature makes of `words`. */
async function parse(...words: string[]) {
  const calls: unknown[] = [];
  const print = new Command()
    .arguments("[file...:string]")
    .description("Print files.\nOne after the other.")
    .option("-c, --copies <number:string>", "How many.", { default: "1" })
    .option("--paper-size <name:string>", "Which.")
    .option("--no-color", "Black and white.")
    .option("-d, --duplex", "On both sides.")
    .example("A book", "office print -d book.txt")
    .action(function (options, ...args) {
      calls.push({ options, args, literal: this.getLiteralArgs() });
    });
  const office = new Command()
    .name("office")
    .version("1.2.3")
    .description("An office.")
    .help({ colors: false })
    .helpOption("-h, --help", "Show this help.", function () {
      calls.push(this.getHelp());
    })
    .versionOption("-V, --version", "Show the version.", () => {
      calls.push("version");
    })
    .noExit()
    .action(() => {
      calls.push("office");
    });
  office.command("print", print);
  office.command("close", new Command().action(() => Promise.reject(new Error("Stuck"))));
  await office.parse(words);
  return calls[0];
}

async function refusal(...words: string[]): Promise<string> {
  const error = await assertRejects(() => parse(...words), ValidationError);
  assertEquals(error.exitCode, 2);
  return error.message;
}

const DEFAULTS = { copies: "1", color: true };

Deno.test("the stand-in runs the action of the command that is named", async () => {
  assertEquals(await parse(), "office");
  assertEquals(await parse("print"), { options: DEFAULTS, args: [], literal: [] });
});

Deno.test("the stand-in takes values behind a space, an equals sign, and a short option", async () => {
  for (const words of ["--copies 2", "--copies=2", "-c 2", "-c=2", "-c2"]) {
    assertEquals(await parse("print", ...words.split(" ")), {
      options: { ...DEFAULTS, copies: "2" },
      args: [],
      literal: [],
    });
  }
});

Deno.test("the stand-in splits joined short options, negates, and camel-cases", async () => {
  assertEquals(await parse("print", "-dc", "2", "--no-color", "--paper-size", "-A4", "a", "b"), {
    options: { copies: "2", duplex: true, color: false, paperSize: "-A4" },
    args: ["a", "b"],
    literal: [],
  });
});

Deno.test("the stand-in collects the values of an option that may be repeated, and has its negation", async () => {
  const parsed = async (...words: string[]) => {
    let given: unknown;
    await new Command()
      .noExit()
      .option("--dns <address:string>", "Ask this server.", { collect: true })
      .option("--no-dns", "Ask nobody.")
      .action((options) => {
        given = options;
      })
      .parse(words);
    return given;
  };
  assertEquals(await parsed(), {});
  assertEquals(await parsed("--dns", "a"), { dns: ["a"] });
  assertEquals(await parsed("--dns", "a", "--dns=b"), { dns: ["a", "b"] });
  assertEquals(await parsed("--no-dns"), { dns: false });
  await assertRejects(() => parsed("--dns", "a", "--no-dns"), ValidationError, "only occur once");
});

Deno.test("the stand-in keeps what follows -- apart", async () => {
  assertEquals(await parse("print", "a", "--", "-d", "--", "b"), {
    options: DEFAULTS,
    args: ["a"],
    literal: ["-d", "--", "b"],
  });
});

Deno.test("the stand-in, like Cliffy, takes an unknown option for an argument", async () => {
  assertEquals(await parse("print", "--bogus", "-xyz"), {
    options: DEFAULTS,
    args: ["--bogus", "-xyz"],
    literal: [],
  });
});

Deno.test("the stand-in refuses wrong words in Cliffy's words", async () => {
  assertEquals(await refusal("--bogus"), 'Unknown option "--bogus".');
  assertEquals(await refusal("scan"), 'Unknown command "scan".');
  assertEquals(await refusal("-h", "print"), "Too many arguments: print");
  assertEquals(await refusal("close", "x"), 'No arguments allowed for command "office close".');
  assertEquals(await refusal("print", "-c"), 'Missing value for option "--copies".');
  assertEquals(
    await refusal("print", "--duplex=1"),
    'Option "--duplex" doesn\'t take a value, but got "1".',
  );
  assertEquals(
    await refusal("print", "-d", "--duplex"),
    'Option "--duplex" can only occur once, but was found several times.',
  );
  assertEquals(
    await refusal("print", "--help", "-d"),
    'Option "--help" cannot be combined with other options.',
  );
});

Deno.test("the stand-in passes an action's error on", async () => {
  await assertRejects(() => parse("close"), Error, "Stuck");
});

Deno.test("the stand-in finds options by every name, for the caller to ask about", () => {
  const command = new Command().option("-c, --copies <number:string>", "How many.");
  assertEquals(command.getOption("c"), command.getOption("copies"));
  assertEquals(command.getOption("copies")?.args.length, 1);
  assertEquals(command.getOption("pages"), undefined);
});

Deno.test("the stand-in shows usage, options, commands and examples", async () => {
  assertEquals(await parse("-V"), "version");
  const help = String(await parse("print", "-h"));
  for (
    const line of [
      "Usage:   office print [file...]",
      "Version: 1.2.3",
      "  Print files.\n  One after the other.",
      "  -h, --help              - Show this help.",
      '  -c, --copies  <number>  - How many.         (Default: "1")',
      "  A book:  office print -d book.txt",
    ]
  ) assertStringIncludes(help, line);
  assertStringIncludes(String(await parse("--help")), "  print  - Print files.\n  close  -");
});
