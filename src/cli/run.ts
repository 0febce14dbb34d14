import { nearest } from "../model/check-options.ts";
import { visible } from "../model/visible-text.ts";
import { sidelaneVersion } from "../model/version.ts";
import { UsageError } from "./arguments.ts";
import type { CliIo } from "./io.ts";

type Command = (given: readonly string[], io: CliIo) => number | Promise<number>;

// Loaded when they are asked for.
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  report: async () => (await import("./report.ts")).report,
  explain: async () => (await import("./explain.ts")).explain,
  diff: async () => (await import("./diff.ts")).diff,
  proxy: async () => (await import("./proxy.ts")).proxy,
  watch: async () => (await import("./watch.ts")).watch,
  export: async () => (await import("./export.ts")).exportRecords,
  rollout: async () => (await import("./rollout.ts")).rollout,
};

const usage = `Usage: sidelane <command> [options]

Commands:
  report   says of each experiment in a file of records whether one may go on
  explain  prints one mismatch in full
  diff     says which kinds of mismatch are new or gone between two reports
  proxy    answers as one service does, and compares another one's answers
  watch    follows a file of records on a terminal
  export   writes files of records to Parquet
  rollout  steers a rollout by the state that its store keeps

sidelane <command> --help says more, with examples.
`;

/** The command line. @returns the code to exit with: 2 where it was used wrongly */
export async function run(given: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = given;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    io.out(usage);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    io.out(`${sidelaneVersion}\n`);
    return 0;
  }
  try {
    if (Object.hasOwn(commands, name)) return await (await commands[name]!())(rest, io);
    const near = nearest(name, Object.keys(commands));
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    throw new UsageError(`sidelane: there is no command ${name}${hint}`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    io.err(`${visible(error.message)}\n`);
    return 2;
  }
}
