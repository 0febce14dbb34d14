/**
 * `npm run bench:clickhouse [results]`: the processor time that one result takes of the process that publishes it to ClickHouse, until a
 * server on the loopback that swallows everything has it. Values hidden, one in a hundred a mismatch, in batches of 100 as a laboratory hands
 * them over. The client writes rows as that of `@clickhouse/client` does.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus } from "node:os";
import { clickhousePublisher, type ClickhouseInserter } from "../src/publishers/clickhouse/index.ts";
import { aResult } from "../src/testing/a-result.ts";

const batchSize = 100;
const rounds = 9;

async function swallow(): Promise<void> {
  const server = createServer((incoming, response) => void incoming.resume().on("end", () => response.end()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  process.send!((server.address() as AddressInfo).port);
}

function clientOf(port: number): ClickhouseInserter & { bytes: number } {
  const agent = new Agent({ keepAlive: true });
  const client = {
    bytes: 0,
    async insert({ table, values }: Parameters<ClickhouseInserter["insert"]>[0]): Promise<void> {
      const body = Buffer.from(values.map((row) => `${JSON.stringify(row)}\n`).join(""));
      client.bytes += body.length;
      const sent = request({ agent, port, host: "127.0.0.1", method: "POST", path: `/?query=INSERT+INTO+${table}` });
      sent.end(body);
      const [response] = (await once(sent, "response")) as [NodeJS.ReadableStream];
      await once(response.resume(), "end");
    },
  };
  return client;
}

async function main(total: number): Promise<void> {
  const server: ChildProcess = fork(import.meta.filename, ["--swallow"]);
  const [port] = (await once(server, "message")) as [number];
  const client = clientOf(port);
  const publisher = clickhousePublisher({ client });
  const batch = (from: number): ReturnType<typeof aResult>[] =>
    Array.from({ length: batchSize }, (_, index) =>
      aResult({ id: `1h7k2m9s4q00-${from + index}`, kind: index === 0 ? "mismatch" : "match" }),
    );
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const batches = Array.from({ length: total / batchSize / rounds }, (_, index) => batch(index * batchSize));
    const before = process.cpuUsage();
    for (const each of batches) await publisher.publishBatch!(each);
    await publisher.flush!();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / (batches.length * batchSize));
  }
  await publisher.close!();
  server.kill();
  const sorted = [...times].sort((one, other) => one - other);
  const [least, half] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!];
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`);
  console.log(
    `${(client.bytes / total).toFixed(0)} bytes a result; µs of CPU a result, median ${half.toFixed(1)}, least ${least.toFixed(1)}`,
  );
}

if (process.argv[2] === "--swallow") await swallow();
else await main(Number(process.argv[2] ?? 270_000));
