import { existsSync, statSync } from "node:fs";
import { systemClock } from "../model/clock.ts";
import { fittingCharacters } from "../model/terminal-columns.ts";
import { visible } from "../model/visible-text.ts";
import { recordBatches } from "../records/read-records.ts";
import type { LineRecord, PresentedResult } from "../records/record.ts";
import { Summary } from "../report/summary.ts";
import { painted } from "../report/text.ts";
import { losses } from "../report/words.ts";
import { helpOf, parseArguments, UsageError, type CliOption } from "./arguments.ts";
import { FollowedFile } from "./follow.ts";
import { wantsColor, type CliIo } from "./io.ts";
import { plainLines, watchLines } from "./watch-text.ts";

const options: Readonly<Record<string, CliOption>> = { help: { says: "print this" } };

const help = (): string =>
  helpOf(
    "sidelane watch <file>",
    "Follows the records that ndjsonPublisher writes, also where the file is rotated, and shows each experiment as a tree: its verdict, what\nis missing, kinds of mismatch, and what happened last. q or Ctrl-C ends it. Where there is no terminal it prints a line on each\nexperiment whose numbers are others. Counts come with each minute. Exits with 0, and with 2 where it was used wrongly.",
    options,
    ["sidelane watch results.ndjson", "sidelane watch results.ndjson | tee watched.log"],
  );

// At most four redraws a second.
const everyMs = 250;
// Results of a process that told no counts so far: they are examples of what comes, and are not counted twice.
const mostHeld = 200;

const screen = {
  open: "\u001b[?1049h\u001b[?25l",
  close: "\u001b[?25h\u001b[?1049l",
  home: "\u001b[H",
  rest: "\u001b[J",
  line: "\u001b[K",
};

/** `sidelane watch`. @returns the code to exit with, once a person ends it */
export async function watch(given: readonly string[], io: CliIo): Promise<number> {
  const { files, options: chosen } = parseArguments("watch", given, options);
  if (chosen["help"]) {
    io.out(help());
    return 0;
  }
  const [path] = files;
  if (path === undefined || files.length > 1) throw new UsageError("sidelane watch: name one file");
  if (!existsSync(path)) throw new UsageError(`sidelane watch: there is no file ${path}`);
  if (statSync(path).isDirectory()) throw new UsageError(`sidelane watch: ${path} is a folder; name one file in it`);
  const isTerminal = io.columns !== undefined;
  let stopped = false;
  let wake: () => void = () => undefined;
  const release = io.onStop?.(() => {
    stopped = true;
    wake();
  });
  const watched = new Watched();
  const file = new FollowedFile(path);
  let shown: readonly string[] = [];
  if (isTerminal) io.out(screen.open);

  function show(): void {
    const model = watched.summary.model();
    const lost = losses(model.lost).map((each) => `LOST ${each}`);
    if (!isTerminal) {
      const lines = [...plainLines(model), ...lost];
      const news = lines.filter((line) => !shown.includes(line));
      if (news.length > 0) io.out(`${news.join("\n")}\n`);
      shown = lines;
      return;
    }
    const { columns = 80, rows = 24 } = io.size?.() ?? { columns: io.columns };
    const head = `${visible(path!)}  ${new Date(io.now()).toISOString().slice(11, 19)} UTC  q ends`;
    const all = [...watchLines(model), ...lost];
    const fits = all.slice(0, rows - 2);
    if (all.length > fits.length)
      fits[fits.length - 1] = `… ${all.length - fits.length + 1} more lines; sidelane report has all`;
    const isColored = wantsColor(io);
    const lines = [head, ...fits].map((line) => painted(cut(line, columns), isColored));
    // Only lines that are others, and nothing below them.
    const drawn = lines.map((line, index) => (line === shown[index] ? "\n" : `${line}${screen.line}\n`));
    io.out(screen.home + drawn.join("").replaceAll("\n", "\r\n") + screen.rest);
    shown = lines;
  }

  async function* pieces(): AsyncGenerator<Uint8Array> {
    let isFirst = true;
    while (!stopped) {
      let grew = isFirst;
      for (const piece of file.read()) {
        grew = true;
        yield piece;
      }
      if (grew) show();
      isFirst = false;
      if (stopped) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
        systemClock.after(everyMs, resolve, true);
      });
    }
  }

  try {
    for await (const records of recordBatches(pieces(), (_, why) => watched.summary.skip(why), "watch")) {
      for (const record of records) watched.add(record);
    }
    return 0;
  } finally {
    file.close();
    release?.();
    if (isTerminal) io.out(screen.close);
  }
}

/** Records as they come: counts are those of tallies alone. */
class Watched {
  readonly summary: Summary = new Summary();
  readonly #told = new Set<string>();
  readonly #held = new Map<string, PresentedResult[]>();

  add(record: LineRecord): void {
    if (record.type === "tally" && !this.#told.has(record.process)) {
      this.#told.add(record.process);
      this.summary.add(record);
      for (const held of this.#held.get(record.process) ?? []) this.summary.add(held);
      this.#held.delete(record.process);
      return;
    }
    if (record.type === "result" && !this.#told.has(record.process ?? "")) {
      const held = this.#held.get(record.process ?? "") ?? [];
      this.#held.set(record.process ?? "", held);
      if (held.length < mostHeld) held.push(record);
      return;
    }
    this.summary.add(record);
  }
}

function cut(line: string, columns: number): string {
  const characters = Array.from(line);
  if (fittingCharacters(characters, columns) === characters.length) return line;
  return `${characters.slice(0, Math.max(1, fittingCharacters(characters, columns - 1))).join("")}…`;
}
