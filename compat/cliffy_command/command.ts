/**
 * `Command`: a tree of commands with options, arguments and help.
 *
 * It never exits: the caller asks for `noExit()`, catches {@linkcode ValidationError}, and decides.
 *
 * @module
 */
import { type Example, formatHelp } from "./help.ts";
import { declareOption, findOption, type Option, type OptionSettings } from "./option.ts";
import { parseWords } from "./parse_words.ts";
import { ValidationError } from "./validation_error.ts";

/**
 * What runs a command or an option. The real Cliffy infers `Options` from the declarations; here
 * the handler's own annotation is taken at its word.
 */
export type ActionHandler<Options> = (
  this: Command,
  options: Options,
  ...args: string[]
) => unknown;

// deno-lint-ignore no-explicit-any -- each handler knows the options it declared
type AnyHandler = ActionHandler<any>;

/** A command. Builder methods change it and return it. */
export class Command {
  #name = "COMMAND";
  #parent: Command | undefined;
  #version: string | undefined;
  #description = "";
  #usage: string | undefined;
  #arguments = "";
  #colors = true;
  #noExit = false;
  #action: AnyHandler | undefined;
  #literal: string[] = [];
  readonly #options: Option[] = [];
  readonly #optionActions = new Map<Option, AnyHandler>();
  readonly #commands = new Map<string, Command>();
  readonly #examples: Example[] = [];

  /** Sets the name of the main command. */
  name(name: string): this {
    this.#name = name;
    return this;
  }

  /** Sets the version, shown in the help. */
  version(version: string): this {
    this.#version = version;
    return this;
  }

  /** Sets what the command is for; its first line is the short form. */
  description(description: string): this {
    this.#description = description;
    return this;
  }

  /** Sets the usage line; by default it is the arguments. */
  usage(usage: string): this {
    this.#usage = usage;
    return this;
  }

  /** Declares arguments; without this call the command takes none. */
  arguments(definition: string): this {
    this.#arguments = definition;
    return this;
  }

  /** Declares an option, such as `"-p, --pcap <file:string>"`. */
  option(flags: string, description: string, settings?: OptionSettings): this {
    this.#options.push(declareOption(flags, description, settings));
    return this;
  }

  /** Declares the option that shows the version. */
  versionOption(flags: string, description: string, action: ActionHandler<unknown>): this {
    return this.#standaloneOption(flags, description, action);
  }

  /** Declares the option that shows the help; subcommands have it too. */
  helpOption(flags: string, description: string, action: ActionHandler<unknown>): this {
    return this.#standaloneOption(flags, description, action);
  }

  #standaloneOption(flags: string, description: string, action: AnyHandler): this {
    const option = declareOption(flags, description, { standalone: true });
    this.#options.unshift(option);
    this.#optionActions.set(option, action);
    return this;
  }

  /** Settings of the help. */
  help(settings: { readonly colors?: boolean }): this {
    this.#colors = settings.colors ?? true;
    return this;
  }

  /** Adds an example to the help. */
  example(name: string, description: string): this {
    this.#examples.push({ name, description });
    return this;
  }

  /** Adds a subcommand. Unlike Cliffy's, further calls still go to this command. */
  command(name: string, command: Command): this {
    command.#name = name;
    command.#parent = this;
    this.#commands.set(name, command);
    return this;
  }

  /** Sets what the command does. */
  action<Options>(handler: ActionHandler<Options>): this {
    this.#action = handler;
    return this;
  }

  /** Makes `parse` throw validation errors, and return after an option like `--help`. */
  noExit(): this {
    this.#noExit = true;
    return this;
  }

  /** The options that are not hidden, the inherited help option first. */
  getOptions(): Option[] {
    const inherited = this.#parent?.getOptions().filter((option) => option.name === "help") ?? [];
    return [...inherited, ...this.#options];
  }

  /** The option of that name (without dashes). */
  getOption(name: string): Option | undefined {
    return findOption(this.getOptions(), name);
  }

  /** What followed `--` in the words last parsed. */
  getLiteralArgs(): string[] {
    return this.#literal;
  }

  /** The name with the names of the parents before it. */
  getPath(): string {
    return this.#parent === undefined ? this.#name : `${this.#parent.getPath()} ${this.#name}`;
  }

  /** The help text. */
  getHelp(): string {
    const main = this.#main();
    return formatHelp({
      path: this.getPath(),
      usage: this.#usage ?? this.#arguments.replace(/:\w+/g, ""),
      version: main.#version,
      description: this.#description,
      options: this.getOptions(),
      commands: [...this.#commands.values()].map((command) => ({
        name: command.#name,
        description: command.#description.split("\n")[0] ?? "",
      })),
      examples: this.#examples,
    }, main.#colors);
  }

  /**
   * Parses `words` and runs what they say.
   *
   * @throws {ValidationError} If they say nothing that makes sense.
   */
  async parse(words: string[]): Promise<void> {
    if (!this.#main().#noExit) throw new TypeError("Cannot parse: this stand-in needs noExit()");
    const child = this.#commands.get(words[0] ?? "");
    if (child !== undefined) return await child.parse(words.slice(1));

    const parsed = parseWords(words, this.getOptions(), this.#arguments !== "");
    this.#literal = parsed.literal;
    this.#refuseArguments(parsed.args);
    const handler = parsed.standalone === undefined
      ? this.#action
      : this.#actionOf(parsed.standalone);
    await handler?.call(this, parsed.options, ...parsed.args);
  }

  #refuseArguments(args: readonly string[]): void {
    const first = args[0];
    if (first === undefined || this.#arguments !== "") return;
    if (this.#commands.has(first)) {
      throw new ValidationError(`Too many arguments: ${args.join(" ")}`);
    }
    throw new ValidationError(
      this.#commands.size > 0
        ? `Unknown command "${first}".`
        : `No arguments allowed for command "${this.getPath()}".`,
    );
  }

  #actionOf(option: Option): AnyHandler | undefined {
    const own = this.#optionActions.get(option);
    return own === undefined && this.#parent !== undefined ? this.#parent.#actionOf(option) : own;
  }

  #main(): Command {
    return this.#parent === undefined ? this : this.#parent.#main();
  }
}
