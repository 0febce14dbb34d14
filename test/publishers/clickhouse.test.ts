import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import type { Fault } from "../../src/model/fault.ts";
import { clickhousePublisher, type ClickhouseInserter } from "../../src/publishers/clickhouse/index.ts";
import { migrations } from "../../src/publishers/sql/index.ts";
import { clickhouseEngine } from "../../src/report/index.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";

type Insert = Parameters<ClickhouseInserter["insert"]>[0];

/** A server that takes rows, unless it is down. */
function serverOf() {
  const inserts: Insert[] = [];
  const server = {
    inserts,
    isDown: false,
    tries: 0,
    insert(request: Insert) {
      server.tries += 1;
      if (server.isDown) return Promise.reject(new Error("connect ECONNREFUSED"));
      inserts.push(request);
      return Promise.resolve();
    },
  };
  return server;
}

describe("clickhousePublisher", () => {
  it("inserts the rows of a second at once, and 5 000 at once where there are more", async () => {
    const [server, clock] = [serverOf(), fixedClock()];
    const publisher = clickhousePublisher({ client: server, clock });
    for (let batch = 0; batch < 3; batch++) await publisher.publishBatch!(Array.from({ length: 10 }, () => aResult()));
    expect(server.inserts).toEqual([]);
    await clock.advanceAsync(1_000);
    expect(server.inserts.map(({ table, values }) => [table, values.length])).toEqual([["sidelane_results", 30]]);
    for (let batch = 0; batch < 60; batch++) {
      await publisher.publishBatch!(Array.from({ length: 100 }, () => aResult()));
    }
    await clock.advanceAsync(0);
    expect(server.inserts.map(({ values }) => values.length)).toEqual([30, 5_000]);
    await publisher.close!();
    expect(server.inserts.map(({ values }) => values.length)).toEqual([30, 5_000, 1_000]);
    const tokens = server.inserts.map(({ clickhouse_settings: of }) => of["insert_deduplication_token"]);
    expect(new Set(tokens).size).toBe(3);
  });

  it("tries a batch again as it was, under its token, and takes no more than its bound while the server is down for an hour", async () => {
    const [server, clock] = [serverOf(), fixedClock()];
    const faults: Fault[] = [];
    const publisher = clickhousePublisher({ client: server, clock, maxRows: 1_000 });
    const lab = new Laboratory({ publishers: [publisher], clock, onFault: (fault) => void faults.push(fault) });
    const price = lab.experiment("price", { control: (n: number) => n, candidate: (n: number) => n });
    server.isDown = true;
    for (let minute = 0; minute < 60; minute++) {
      for (let call = 0; call < 500; call++) price(call);
      await lab.settled();
      for (let second = 0; second < 60; second += 4) {
        await clock.advanceAsync(4_000);
        // Results are presented in turns of the event loop, which take none of this clock's time.
        for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      }
    }
    expect(server.tries).toBeLessThan(150);
    server.isDown = false;
    for (let second = 0; second < 300; second += 4) {
      await clock.advanceAsync(4_000);
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    }
    await lab.close();
    const tables = server.inserts.map(({ table, values }) => ({ table, rows: values.length }));
    const rows = tables
      .filter(({ table }) => table === "sidelane_results")
      .reduce((sum, { rows: all }) => sum + all, 0);
    const { accepted, published, failed, dropped } = lab.status().publishers["clickhouse"]!;
    const lost = Object.values(dropped).reduce((sum, each) => sum + each, 0);
    expect(accepted).toBe(30_000);
    // Every result is in the table, or counted.
    expect(rows).toBe(published);
    expect(published + failed + lost).toBe(accepted);
    expect(lost).toBeGreaterThan(0);
    expect(faults.length).toBeGreaterThan(0);
  });

  it("loses alone a row that the server refuses, and says so", async () => {
    const clock = fixedClock();
    const taken: unknown[] = [];
    const tokens: unknown[] = [];
    const faults: unknown[] = [];
    const refused = Object.assign(new Error("Cannot parse input"), { code: "27", type: "CANNOT_PARSE_INPUT" });
    const client: ClickhouseInserter = {
      insert({ values, clickhouse_settings: { insert_deduplication_token: token } }) {
        const ids = (values as { id?: string }[]).map(({ id }) => id);
        tokens.push(token);
        if (ids.some((id) => id?.startsWith("odd"))) return Promise.reject(refused);
        taken.push(...ids);
        return Promise.resolve();
      },
    };
    const publisher = clickhousePublisher({ client, clock });
    publisher.attach?.({ onFault: (fault) => void faults.push(fault) });
    const ids = Array.from({ length: 300 }, (_, index) => (index % 150 === 77 ? `odd ${index}` : `even ${index}`));
    await publisher.publishBatch!(ids.map((id) => aResult({ id })));
    await clock.advanceAsync(1_000);
    const results = ids.filter((id) => id.startsWith("even"));
    expect(taken.filter((id) => id !== undefined)).toEqual(results);
    expect(faults).toEqual([
      { operation: "publish", error: refused },
      { operation: "publish", error: refused },
    ]);
    expect(new Set(tokens).size).toBe(tokens.length);
    await publisher.publish(aResult({ id: "even last" }));
    await publisher.close!();
    expect(taken.at(-1)).toBe("even last");
    expect(faults).toHaveLength(2);
  });

  it("says at its end how many rows were not taken", async () => {
    const [server, clock] = [serverOf(), fixedClock()];
    const publisher = clickhousePublisher({ client: server, clock });
    await publisher.publish(aResult());
    server.isDown = true;
    await expect(publisher.close!()).rejects.toThrow("ClickHouse did not take 1 rows that waited for it");
    expect(clock.pending).toBe(0);
  });

  it.each([
    [{}, /expected `client`/],
    [{ client: { insert() {} }, maxRows: 5 }, /expected `maxRows` to be a whole number of at least 1 000/],
    [{ client: { insert() {} }, prefix: "x; DROP" }, /expected `prefix`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => clickhousePublisher(options as never)).toThrow(message);
  });

  it("has tables without a materialized view, and an engine that refuses what is no client", () => {
    const statements = migrations("clickhouse").flatMap((each) => each.statements);
    expect(statements.join("\n")).not.toContain("MATERIALIZED");
    expect(() => clickhouseEngine({ client: { query() {} }, prefx: "a_" } as never)).toThrow(/did you mean `prefix`/);
    expect(() => clickhouseEngine({ client: {} as never })).toThrow(/expected `client` to be a client with `query`/);
  });
});
