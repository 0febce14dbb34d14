import { existsSync, readdirSync } from "node:fs";
import { SidelaneError } from "../model/errors.ts";
import { visible } from "../model/visible-text.ts";
import { exportParquet } from "../report/engines/duckdb.ts";
import { helpOf, parseArguments, UsageError, type CliOption } from "./arguments.ts";
import type { CliIo } from "./io.ts";
import { sourcesOf } from "./sources.ts";

const options: Readonly<Record<string, CliOption>> = {
  parquet: { takes: "folder", says: "where the files go, in folders by experiment and day; made, or empty" },
  help: { says: "print this" },
};

const help = (): string =>
  helpOf(
    "sidelane export --parquet <folder> <files … | patterns>",
    "Writes the records of NDJSON files, plain or gzip, to Parquet, which takes a fraction of the room, and of which `sidelane report`\nmakes the same report. Needs the package @duckdb/node-api. Exits with 0, and with 2 where it was used wrongly.",
    options,
    ["sidelane export --parquet evidence 'logs/**/results.ndjson*'", "sidelane report 'evidence/**/*.parquet'"],
  );

/** `sidelane export`. @returns the code to exit with */
export async function exportRecords(given: readonly string[], io: CliIo): Promise<number> {
  const { files, options: chosen } = parseArguments("export", given, options);
  if (chosen["help"]) {
    io.out(help());
    return 0;
  }
  const folder = chosen["parquet"]?.at(-1);
  if (folder === undefined) throw new UsageError("sidelane export: say where to, by --parquet <folder>");
  if (files.includes("-")) throw new UsageError("sidelane export: name files; standard input is not taken");
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UsageError(`sidelane export: the folder ${visible(folder)} is not empty`);
  }
  try {
    await exportParquet(folder, { files: sourcesOf(files, io, "export").map(({ name }) => name) });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof SidelaneError) throw new UsageError(`sidelane export: ${error.message}`);
    throw new UsageError(`sidelane export: ${visible(String(error))}`);
  }
  io.err(`sidelane: wrote ${visible(folder)}; read it by sidelane report '${visible(folder)}/**/*.parquet'\n`);
  return 0;
}
