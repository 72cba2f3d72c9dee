/**
 * Options as they are declared: `"-I, --interface <name:string>"` becomes flags and a value.
 *
 * @module
 */

/** A value that an option takes. */
export interface OptionArgument {
  readonly name: string;
}

/** One option of a command. */
export interface Option {
  /** The long name without dashes, such as `"interface"` or `"no-offload"`. */
  readonly name: string;
  /** The other names without dashes, such as `"I"`. */
  readonly aliases: readonly string[];
  /** The names with dashes, as declared. */
  readonly flags: readonly string[];
  readonly description: string;
  /** The value it takes, such as `"<name:string>"`; empty for a switch. */
  readonly typeDefinition: string;
  /** Its value as a list: empty for a switch. */
  readonly args: readonly OptionArgument[];
  readonly default?: unknown;
  /** Whether it may be repeated; its value is then a list. */
  readonly collect: boolean;
  /** Whether it allows no other option beside it, as `--help` does. */
  readonly standalone: boolean;
}

/** Settings of an option. */
export interface OptionSettings {
  readonly default?: unknown;
  readonly collect?: boolean;
}

/** The option that `flags` declares. */
export function declareOption(
  flags: string,
  description: string,
  settings: OptionSettings & { readonly standalone?: boolean } = {},
): Option {
  const typeDefinition = flags.match(/<[\w:]+>$/)?.[0] ?? "";
  const names = flags.slice(0, flags.length - typeDefinition.length).trim().split(/,\s*/);
  const long = names.find((flag) => flag.startsWith("--"));
  if (long === undefined) throw new TypeError(`Cannot declare "${flags}": no long name`);
  return {
    name: bare(long),
    aliases: names.filter((flag) => flag !== long).map(bare),
    flags: names,
    description,
    typeDefinition,
    args: typeDefinition === "" ? [] : [{ name: typeDefinition.slice(1, -1).split(":")[0] ?? "" }],
    collect: settings.collect ?? false,
    standalone: settings.standalone ?? false,
    ...("default" in settings && { default: settings.default }),
  };
}

/** The option among `options` that `flag` names, with or without dashes. */
export function findOption(options: readonly Option[], flag: string): Option | undefined {
  const name = bare(flag);
  return options.find((option) => option.name === name || option.aliases.includes(name));
}

function bare(flag: string): string {
  return flag.replace(/^-+/, "");
}
