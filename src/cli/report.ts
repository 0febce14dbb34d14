import { writeFileSync } from "node:fs";
import { visible } from "../model/visible-text.ts";
import { htmlOf } from "../report/html.ts";
import { markdownOf } from "../report/markdown.ts";
import type { ReportModel, ReportVerdictKind } from "../report/model.ts";
import { verdictOrder } from "../report/order.ts";
import { Summary } from "../report/summary.ts";
import { textOf } from "../report/text.ts";
import type { EngineQuery } from "../report/engines/engine.ts";
import { helpOf, parseArguments, UsageError, type CliOption } from "./arguments.ts";
import { annotationsOf } from "./annotations.ts";
import { engineFor, engineNames, openEngine } from "./open-engine.ts";
import { wantsColor, type CliIo } from "./io.ts";
import { Progress } from "./progress.ts";
import { sourcesOf, type Source } from "./sources.ts";

const options: Readonly<Record<string, CliOption>> = {
  json: { says: "print the model that every report is made of" },
  markdown: { says: "print Markdown, for a pull request or a step summary" },
  html: { takes: "file", says: "write one page for a browser, which needs nothing else, beside what is printed" },
  engine: {
    takes: "name",
    says: `what to read with; duckdb by itself above 2 GB, where it is installed: ${engineNames.join(", ")}`,
  },
  url: {
    takes: "address",
    says: "where the engine's tables are: postgres://… or a SQLite file; ?prefix= is the tables'",
  },
  since: { takes: "time", says: "only what came later: 2026-01-31, 2026-01-31T14:00Z, or 90m, 24h, 7d ago" },
  experiment: { takes: "name", says: "only this experiment; may be given several times" },
  "fail-on": {
    takes: "verdicts",
    says: `exit with 1 where one of these is there, else with 0: ${verdictOrder.join(",")}`,
  },
  help: { says: "print this" },
};

const help = (): string =>
  helpOf(
    "sidelane report <files … | patterns | -> [options]",
    "Reads records that ndjsonPublisher wrote, and says of each experiment whether one may go on.\nExits with 0 where all are ready, 1 where one is not ready or regressed, 2 where it was used wrongly, and 3 where\nevidence is insufficient or stale, or there was no traffic. The worst experiment decides.",
    options,
    [
      "sidelane report results.ndjson",
      "sidelane report 'logs/**/results.ndjson*' --since 24h --experiment price",
      "sidelane report results.ndjson --html report.html",
      "sidelane report results.ndjson --markdown >> $GITHUB_STEP_SUMMARY",
      "sidelane report results.ndjson --json --fail-on regressed,not-ready > report.json",
      "sidelane report 'evidence/**/*.parquet'",
      "sidelane report --engine postgresql --url postgres://sidelane@db/evidence --since 24h",
    ],
  );

const exits: Readonly<Record<ReportVerdictKind, number>> = {
  regressed: 1,
  "not-ready": 1,
  "no-traffic": 3,
  stale: 3,
  insufficient: 3,
  ready: 0,
};

/** `sidelane report`. @returns the code to exit with */
export async function report(given: readonly string[], io: CliIo): Promise<number> {
  const { files, options: chosen } = parseArguments("report", given, options);
  if (chosen["help"]) {
    io.out(help());
    return 0;
  }
  if (chosen["json"] && chosen["markdown"])
    throw new UsageError("sidelane report: choose one of --json and --markdown");
  const failOn = chosen["fail-on"] && verdictsOf(chosen["fail-on"]);
  const since = chosen["since"] && sinceOf(chosen["since"].at(-1)!, io.now());
  const asked = {
    ...(since !== undefined && { since }),
    ...(chosen["experiment"] && { experiments: chosen["experiment"] }),
  };
  const model = await askedModel(files, chosen["engine"]?.at(-1), chosen["url"]?.at(-1), io, asked);
  for (const name of new Set(chosen["experiment"])) {
    if (!Object.hasOwn(model.experiments, name))
      io.err(`sidelane: there is no experiment ${visible(name)} in these records\n`);
  }
  if (chosen["html"]) await writePage(chosen["html"].at(-1)!, model, io);
  if (chosen["json"]) io.out(`${JSON.stringify(model, null, 2)}\n`);
  else if (chosen["markdown"]) {
    io.out(markdownOf(model));
    // To the other stream: the first one goes into a file of the step.
    if (io.env["GITHUB_ACTIONS"] === "true") io.err(annotationsOf(model));
  } else io.out(textOf(model, { color: wantsColor(io), ...(io.columns !== undefined && { width: io.columns }) }));
  return exitOf(model, failOn);
}

/** By the engine that was chosen, or that suits the files, or from the files themselves. */
async function askedModel(
  files: readonly string[],
  engine: string | undefined,
  url: string | undefined,
  io: CliIo,
  asked: EngineQuery,
): Promise<ReportModel> {
  const readsFiles = engine === undefined || engine === "duckdb";
  const sources = readsFiles && url === undefined ? sourcesOf(files, io, "report") : [];
  const chosen = engine ?? (url === undefined ? await engineFor(sources) : undefined);
  const names = sources.map(({ name }) => (name === "standard input" ? "-" : name));
  const opened = openEngine(chosen, url, readsFiles ? names : files);
  return opened === undefined ? modelOf(sources, io, asked) : opened.summary(asked);
}

/** @throws {UsageError} where the file cannot be written */
async function writePage(path: string, model: ReportModel, io: CliIo): Promise<void> {
  const page = await htmlOf(model);
  try {
    writeFileSync(path, page, { mode: 0o600 });
  } catch (error) {
    throw new UsageError(
      `sidelane report: ${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? "unknown"})`,
    );
  }
  io.err(`sidelane: wrote ${path}; open it in a browser\n`);
}

/**
 * Reads all sources into one model. What holds no record is told by file and line, and counted.
 *
 * @throws {UsageError} where no source holds a single record, and one has lines
 */
export async function modelOf(
  sources: readonly Source[],
  io: CliIo,
  { since, experiments }: { readonly since?: number; readonly experiments?: readonly string[] } = {},
): Promise<ReportModel> {
  const sizes = sources.map(({ size }) => size);
  const total =
    sizes.some((size) => size === undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + size!, 0);
  const progress = new Progress(io, total);
  let name = "";
  let told = 0;
  const summary = new Summary({
    ...(since !== undefined && { since }),
    ...(experiments && { experiments }),
    onSkip(line, why) {
      told += 1;
      if (told <= mostTold) io.err(`sidelane: ${name}:${line}: ${reasons[why]}\n`);
    },
  });
  for (const source of sources) {
    ({ name } = source);
    const before = summary.records;
    try {
      await summary.read(source.open((bytes) => progress.add(bytes)));
    } catch (error) {
      io.err(`sidelane: ${name} cannot be read to its end: ${visible(String(error))}\n`);
    }
    if (summary.records === before) io.err(`sidelane: ${name} holds no record\n`);
  }
  progress.end();
  if (told > mostTold) io.err(`sidelane: and ${told - mostTold} more lines were passed over\n`);
  if (summary.records === 0 && told > 0) throw new UsageError("sidelane: this is no file of ndjsonPublisher");
  return summary.model();
}

const mostTold = 5;
const reasons = {
  torn: "no whole record",
  version: "a record of another version",
  type: "a record of an unknown type",
} as const;

/** The worst verdict decides. @param failOn the verdicts that are failures, in place of the usual ones */
function exitOf({ experiments }: ReportModel, failOn: ReadonlySet<string> | undefined): number {
  const kinds = Object.values(experiments).flatMap(({ candidates }) => {
    const all = Object.values(candidates).map(({ verdict }) => verdict.kind);
    return all.length === 0 ? (["no-traffic"] as const) : all;
  });
  if (failOn) return kinds.some((kind) => failOn.has(kind)) ? 1 : 0;
  const worst = verdictOrder.find((kind) => kinds.includes(kind));
  return worst === undefined ? exits["no-traffic"] : exits[worst];
}

function verdictsOf(given: readonly string[]): ReadonlySet<string> {
  const verdicts = given.flatMap((each) => each.split(",")).map((each) => each.trim());
  for (const each of verdicts) {
    if (!verdictOrder.includes(each as ReportVerdictKind)) {
      throw new UsageError(`sidelane report: --fail-on takes ${verdictOrder.join(", ")}; got ${visible(each)}`);
    }
  }
  return new Set(verdicts);
}

const spans: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function sinceOf(given: string, now: number): number {
  const ago = /^(\d+(?:\.\d+)?)([smhd])$/.exec(given);
  if (ago) return now - Number(ago[1]) * spans[ago[2]!]!;
  const at = /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : NaN;
  if (Number.isNaN(at))
    throw new UsageError(`sidelane report: --since takes a date, or a span such as 24h; got ${visible(given)}`);
  return at;
}
