import type { PublisherLike } from "../model/publisher.ts";
import { ndjsonPublisher } from "../publishers/ndjson/index.ts";
import type { EngineQuery, EvidenceEngine } from "../report/engines/engine.ts";
import { summary } from "../report/summary.ts";
import { corpusSize, writeCorpus, type CorpusSize } from "./engine-corpus.ts";
import { globalRunner, type TestRunner } from "./test-publisher.ts";
import { keptText } from "./kept-text.ts";

/** An engine under test, freshly made and empty. */
export interface OpenedEngine {
  /** Makes what writes where the engine reads, once for each process. Of all kinds, every result: one that samples makes another report. */
  publisher(): PublisherLike;
  /** Called when all is written. */
  engine(): EvidenceEngine | Promise<EvidenceEngine>;
  /** Of an engine that reads lines of text: adds some behind those that are there. */
  append?(text: string): void | Promise<void>;
  /** Takes away what the test has left behind. */
  cleanUp?(): void | Promise<void>;
}

/** Settings of {@link testEngine}. */
export interface EngineSuiteOptions {
  /** How much is written; 20 experiments in 6 processes over 8 minutes by default. */
  readonly size?: CorpusSize;
}

const torn = [
  '{"v":2,"type":"result","id":"torn',
  "no record at all",
  '{"v":1,"type":"result","id":"old-1"}',
  '{"v":2,"type":"unheard-of"}',
  '{"v":2,"type":"result","id":"half-1","experiment":"price"}',
  '{"v":2,"type":"tally"}',
  '{"v":"2","type":"result"}',
  "[1,2]",
  "null",
  "",
  '{"v":2,"type":"fa\t{"v":2,"type":"fault","process":"p","n":9,"from":0,"to":1,"counts":{"publish":2}}',
].join("\n");

/**
 * Writes one generated corpus both to text and to the engine's tables, and has the engine make of them, byte for byte, the report that
 * {@link summary} makes of the text: of all, of some experiments, and of what came later.
 *
 * @param open makes an engine and what writes to it; called once for each test
 * @example testEngine('sqlite', openSqlite, { describe, it })
 */
export function testEngine(
  name: string,
  open: () => OpenedEngine | Promise<OpenedEngine>,
  runner: TestRunner = globalRunner("testEngine"),
  { size = corpusSize }: EngineSuiteOptions = {},
): void {
  async function asked(query: EngineQuery, isTorn: boolean): Promise<void> {
    const opened = await open();
    try {
      const written: string[] = [];
      const stream = keptText(written);
      const text = (): PublisherLike => ndjsonPublisher({ stream, perMinute: Infinity });
      await writeCorpus([text, () => opened.publisher()], size);
      if (isTorn) {
        written.push(torn);
        await opened.append!(torn);
      }
      const expected = JSON.stringify(await summary(piecesOf(written), query), undefined, 1);
      const engine = await opened.engine();
      try {
        same(JSON.stringify(await engine.summary(query), undefined, 1), expected);
      } finally {
        await engine.close();
      }
    } finally {
      await opened.cleanUp?.();
    }
  }

  runner.describe(`engine ${name}`, () => {
    runner.it("makes the report of the same lines, byte for byte", () => asked({}, false));
    runner.it("leaves out the same experiments and times", () =>
      asked({ experiments: ["experiment 3", "experiment 4"], since: Date.UTC(2026, 0, 5, 9, 3) }, false),
    );
    runner.it("has nothing to say of nothing", async () => {
      const opened = await open();
      try {
        const engine = await opened.engine();
        same(JSON.stringify(await engine.summary({})), JSON.stringify(await summary([], {})));
        await engine.close();
      } finally {
        await opened.cleanUp?.();
      }
    });
    runner.it("counts torn and foreign lines as lost, where it reads lines", async () => {
      const opened = await open();
      const readsLines = opened.append !== undefined;
      await opened.cleanUp?.();
      if (readsLines) await asked({}, true);
    });
  });
}

async function* piecesOf(written: readonly string[]): AsyncGenerator<string> {
  for (const text of written) yield await Promise.resolve(text);
}

/** Fails with the first line that differs. */
function same(actual: string, expected: string): void {
  if (actual === expected) return;
  const [ours, theirs] = [actual.split("\n"), expected.split("\n")];
  const at = ours.findIndex((line, index) => line !== theirs[index]);
  const from = Math.max(0, at - 12);
  throw new Error(
    `the engine's report differs in line ${at + 1}:\n${ours.slice(from, at + 2).join("\n")}\nexpected:\n${theirs.slice(from, at + 2).join("\n")}`,
  );
}
