/**
 * Words of a command line -> options, arguments, and what follows `--`.
 *
 * As in Cliffy, a word that looks like an option and is none becomes an argument where the command
 * takes arguments, and an option's value is the next word, whatever that looks like.
 *
 * @module
 */
import { findOption, type Option } from "./option.ts";
import { ValidationError } from "./validation_error.ts";

/** What {@linkcode parseWords} found. */
export interface ParsedWords {
  /** Values by camel-case name; defaults are filled in. */
  readonly options: Record<string, unknown>;
  readonly args: string[];
  /** What follows the first `--`. */
  readonly literal: string[];
  /** The option that stands alone, such as `--help`. */
  readonly standalone: Option | undefined;
}

/**
 * Parses `words`.
 *
 * @throws {ValidationError} If an option is unknown, repeated, or has a value too many or too few.
 */
export function parseWords(
  words: readonly string[],
  declared: readonly Option[],
  takesArguments: boolean,
): ParsedWords {
  const given = new Map<string, unknown>();
  const args: string[] = [];
  let standalone: Option | undefined;
  const queue = [...words];
  let literal: string[] = [];

  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === "--") {
      literal = queue.splice(0);
      break;
    }
    if (!looksLikeOption(word)) {
      args.push(word);
      continue;
    }
    const whole = word;
    const cluster = splitCluster(word);
    const [flag, inline] = splitValue(cluster[0] ?? word);
    const option = findOption(declared, flag);
    if (option === undefined) {
      if (!takesArguments) throw new ValidationError(`Unknown option "${flag}".`);
      args.push(whole);
      continue;
    }
    queue.unshift(...cluster.slice(1));

    const negated = option.name.startsWith("no-");
    const key = camelCase(negated ? option.name.slice(3) : option.name);
    const earlier = given.get(key);
    if (given.has(key) && !(option.collect && Array.isArray(earlier))) {
      throw new ValidationError(
        `Option "${flag}" can only occur once, but was found several times.`,
      );
    }
    if (option.args.length > 0) {
      const value = inline ?? queue.shift();
      if (value === undefined) {
        throw new ValidationError(`Missing value for option "--${option.name}".`);
      }
      if (value === "") continue;
      given.set(key, option.collect ? [...Array.isArray(earlier) ? earlier : [], value] : value);
    } else if (inline !== undefined) {
      throw new ValidationError(
        `Option "--${option.name}" doesn't take a value, but got "${inline}".`,
      );
    } else given.set(key, !negated);
    if (option.standalone) standalone = option;
  }

  if (standalone !== undefined && given.size > 1) {
    throw new ValidationError(
      `Option "--${standalone.name}" cannot be combined with other options.`,
    );
  }
  const options = { ...defaultsOf(declared), ...Object.fromEntries(given) };
  return { options, args, literal, standalone };
}

function looksLikeOption(word: string): boolean {
  return word.length > 1 && word.startsWith("-");
}

/** `-qv` is `-q -v`; `-I5` is `-I 5`. */
function splitCluster(word: string): string[] {
  const [flag, value] = splitValue(word);
  if (flag.length < 3 || flag.startsWith("--")) return [word];
  if (value === undefined && /\d$/.test(flag)) return [flag.slice(0, 2), flag.slice(2)];
  const flags = [...flag.slice(1)].map((letter) => `-${letter}`);
  if (value !== undefined) flags.push(`${flags.pop()}=${value}`);
  return flags;
}

function splitValue(word: string): [flag: string, value: string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function defaultsOf(declared: readonly Option[]): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  for (const option of declared) {
    if ("default" in option) defaults[camelCase(option.name)] = option.default;
    else if (option.name.startsWith("no-") && !findOption(declared, option.name.slice(3))) {
      defaults[camelCase(option.name.slice(3))] = true;
    }
  }
  return defaults;
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
