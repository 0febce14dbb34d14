import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clickhousePublisher } from "../../src/publishers/clickhouse/index.ts";
import { kafkaPublisher } from "../../src/publishers/kafka.ts";
import { migrations } from "../../src/publishers/sql/index.ts";
import { clickhouseEngine } from "../../src/report/index.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { testEngine } from "../../src/testing/test-engine.ts";
import { testPublisher } from "../../src/testing/test-publisher.ts";
import { clickhouse, withoutClickhouse, type RealClickhouse } from "./clickhouse.ts";

const size = { experiments: 5, processes: 6, minutes: 5, calls: 12 };
let made = 0;

async function migrated(server: RealClickhouse): Promise<string> {
  const prefix = `e${(made += 1)}_`;
  for (const { statements } of [...migrations("clickhouse", prefix), ...migrations("clickhouse", prefix)]) {
    for (const statement of statements) await server.run(statement);
  }
  // What tests write is of other days than today.
  await server.run(`ALTER TABLE ${prefix}results REMOVE TTL`);
  await server.run(`ALTER TABLE ${prefix}results ADD COLUMN team String DEFAULT 'checkout'`);
  return prefix;
}

/** What docs/scale.md has for ClickHouse's Kafka engine, with a table in the place of the topic that keeps nothing either. */
function topicStatements(prefix: string): string[] {
  const page = readFileSync(join(import.meta.dirname, "../../docs/scale.md"), "utf8");
  const [, block] = /```sql\n([^`]*ENGINE = Kafka[^`]*)```/.exec(page)!;
  return block!
    .replace(/ENGINE = Kafka SETTINGS [^;]*/, "ENGINE = Null")
    .replaceAll("sidelane_", prefix)
    .split(";")
    .filter((statement) => statement.trim() !== "");
}

describe.skipIf(clickhouse === undefined)(`ClickHouse (${clickhouse?.about ?? withoutClickhouse})`, () => {
  const server = clickhouse!;

  testEngine(
    "ClickHouse, with a column that was added",
    async () => {
      const prefix = await migrated(server);
      return {
        publisher: () => clickhousePublisher({ client: server, prefix }),
        engine: () => clickhouseEngine({ client: server, prefix }),
      };
    },
    { describe, it },
    { size },
  );

  testEngine(
    "ClickHouse, from the topic of `kafkaPublisher` by the statements of docs/scale.md",
    async () => {
      const prefix = await migrated(server);
      for (const statement of topicStatements(prefix)) await server.run(statement);
      const producer = {
        send: ({ messages }: { readonly messages: readonly { readonly value: string }[] }) => {
          const lines = messages.map(({ value }) => JSON.stringify({ line: value }));
          return server.run(`INSERT INTO ${prefix}topic FORMAT JSONEachRow ${lines.join("\n")}`);
        },
      };
      return {
        publisher: () => kafkaPublisher({ producer }),
        engine: () => clickhouseEngine({ client: server, prefix }),
      };
    },
    { describe, it },
    { size },
  );

  testPublisher(
    "clickhouse",
    async () => {
      const prefix = await migrated(server);
      const publisher = clickhousePublisher({ client: server, prefix });
      return {
        publisher,
        async written() {
          await publisher.flush!();
          const tables = ["results", "tallies", "events"];
          const texts = tables.map((table) => server.run(`SELECT * FROM ${prefix}${table} FORMAT JSONEachRow`));
          return (await Promise.all(texts)).join("\n");
        },
      };
    },
    { describe, it },
  );

  it("counts a batch once that was inserted, and tried again since the answer was lost", async () => {
    const prefix = await migrated(server);
    const clock = fixedClock();
    let lost = 2;
    const client = {
      async insert(request: Parameters<RealClickhouse["insert"]>[0]) {
        await server.insert(request);
        if ((lost -= 1) >= 0) throw new Error("socket hang up");
      },
    };
    const publisher = clickhousePublisher({ client, prefix, clock });
    publisher.attach!({ onFault: () => undefined });
    await publisher.publishBatch!([aResult(), aResult(), aResult()]);
    for (let second = 0; second < 10; second++) await clock.advanceAsync(1_000);
    await publisher.flush!();
    expect(lost).toBe(-1);
    expect((await server.run(`SELECT count() FROM ${prefix}results`)).trim()).toBe("3");
    await publisher.close!();
  });

  it("keeps what comes with rows that a constraint or a type of its own refuses", async () => {
    const prefix = await migrated(server);
    await server.run(`ALTER TABLE ${prefix}results ADD CONSTRAINT even CHECK id NOT LIKE 'odd%'`);
    await server.run(`ALTER TABLE ${prefix}results ADD COLUMN number UInt8 MATERIALIZED toUInt8(id)`);
    const clock = fixedClock();
    const publisher = clickhousePublisher({ client: server, prefix, clock });
    const faults: unknown[] = [];
    publisher.attach!({ onFault: ({ error }) => void faults.push(error) });
    const ids = Array.from({ length: 60 }, (_, index) =>
      index === 7 ? "odd"
      : index === 41 ? "none"
      : `${index}`,
    );
    await publisher.publishBatch!(ids.map((id) => aResult({ id })));
    await publisher.flush!();
    expect((await server.run(`SELECT count(), uniq(id) FROM ${prefix}results`)).trim()).toMatch(/^58\W+58$/);
    expect(faults.map((error) => (error as { code?: string }).code)).toHaveLength(2);
    await publisher.close!();
  });

  it("adds buckets up over processes by the minute, each record once", async () => {
    const prefix = await migrated(server);
    const publisher = clickhousePublisher({ client: server, prefix });
    const none = { version: 2, count: 0, zero: 0, sumMs: 0, maxMs: 0, buckets: [] } as const;
    const latency = { control: { ...none, count: 3, buckets: [-700, 2, 1] }, candidate: none };
    const counts = { match: 3, mismatch: 0, ignored: 0, inconclusive: 0, "timed-out": 0 };
    for (const process of ["a", "b", "a"]) {
      await publisher.publishTally!({
        ...({ v: 2, type: "tally", process, n: 1, from: 0, to: 60_000, experiment: "price" } as const),
        ...{ candidate: "rules", epoch: 0, served: false, counts, candidateErrors: 0, controlErrors: 0, latency },
        ...{ groups: {}, otherGroups: 0, verdict: "insufficient", mismatchUpperBound: 1, unitsMissing: 0 },
      });
    }
    await publisher.close!();
    const rows = await server.run(`SELECT matched, control_buckets FROM ${prefix}minutes FORMAT JSONEachRow`);
    const { matched, control_buckets } = JSON.parse(rows) as { matched: unknown; control_buckets: object };
    expect(Number(matched)).toBe(6);
    expect(Object.entries(control_buckets).map(([bucket, times]) => [bucket, Number(times)])).toEqual([
      ["700", 4],
      ["701", 2],
    ]);
  });
});
