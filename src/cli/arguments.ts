import { nearest } from "../model/check-options.ts";

/** What was asked for wrongly; its message is for the person. */
export class UsageError extends Error {}

/** An option that a command takes. */
export interface CliOption {
  /** What follows it, such as `file`; a switch takes nothing. */
  readonly takes?: string;
  readonly says: string;
}

export interface Arguments {
  readonly files: readonly string[];
  /** By name, each time that it was given; a switch is given as an empty text. */
  readonly options: Readonly<Record<string, readonly string[]>>;
}

/**
 * Parts what a command was given: `--name value` or `--name=value`, and everything after `--` is a file.
 *
 * @throws {UsageError} for an unknown option, naming the nearest known one, and for one without its value
 */
export function parseArguments(
  command: string,
  given: readonly string[],
  known: Readonly<Record<string, CliOption>>,
): Arguments {
  const files: string[] = [];
  const options: Record<string, string[]> = {};
  for (let index = 0; index < given.length; index++) {
    const each = given[index]!;
    if (each === "--") {
      files.push(...given.slice(index + 1));
      break;
    }
    if (!each.startsWith("-") || each === "-") {
      files.push(each);
      continue;
    }
    const [, name = "", value] = /^--?([^=]*)(?:=(.*))?$/s.exec(each)!;
    if (each === "-h" && known["help"] !== undefined) {
      options["help"] = [""];
      continue;
    }
    const option = Object.hasOwn(known, name) ? known[name]! : undefined;
    if (option === undefined) {
      const near = nearest(name, Object.keys(known));
      const hint = near === undefined ? "" : `; did you mean --${near}?`;
      throw new UsageError(`sidelane ${command}: unknown option ${each.split("=")[0]}${hint}`);
    }
    if (option.takes === undefined && value !== undefined) {
      throw new UsageError(`sidelane ${command}: --${name} takes no value`);
    }
    const follows = option.takes === undefined ? "" : (value ?? given[(index += 1)]);
    if (follows === undefined) throw new UsageError(`sidelane ${command}: --${name} needs a ${option.takes}`);
    options[name] = [...(options[name] ?? []), follows];
  }
  return { files, options };
}

/** The lines of `--help`. */
export function helpOf(
  usage: string,
  about: string,
  options: Readonly<Record<string, CliOption>>,
  examples: readonly string[],
): string {
  const rows = Object.entries(options).map(([name, { takes, says }]) => [
    `--${name}${takes === undefined ? "" : ` <${takes}>`}`,
    says,
  ]);
  const width = Math.max(...rows.map(([name]) => name!.length));
  return [
    `Usage: ${usage}`,
    "",
    about,
    "",
    "Options:",
    ...rows.map(([name, says]) => `  ${name!.padEnd(width)}  ${says}`),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}
