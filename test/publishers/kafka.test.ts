import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import type { Fault } from "../../src/model/fault.ts";
import { kafkaPublisher, type KafkaMessage } from "../../src/publishers/kafka.ts";
import { aResult } from "../../src/testing/a-result.ts";

function producer() {
  const records: { topic: string; messages: KafkaMessage[] }[] = [];
  return { records, send: async (record: { topic: string; messages: KafkaMessage[] }) => void records.push(record) };
}

describe("kafkaPublisher", () => {
  it("sends a batch in one request, one message a result, keyed by experiment", async () => {
    const target = producer();
    const publisher = kafkaPublisher({ producer: target });
    const results = [aResult({ startedAt: 5.5 }), aResult({ experiment: "price", kind: "match" })];
    await publisher.publishBatch!(results);
    expect(target.records).toHaveLength(1);
    const { topic, messages } = target.records[0]!;
    expect(topic).toBe("sidelane.results");
    expect(messages.map(({ key, timestamp, headers }) => ({ key, timestamp, headers }))).toEqual([
      {
        key: "find-user",
        timestamp: "5",
        headers: { "sidelane-type": "result", "sidelane-id": results[0]!.id, "sidelane-kind": "mismatch" },
      },
      {
        key: "price",
        timestamp: String(results[1]!.startedAt),
        headers: { "sidelane-type": "result", "sidelane-id": results[1]!.id, "sidelane-kind": "match" },
      },
    ]);
    expect(JSON.parse(messages[0]!.value)).toMatchObject({ v: 2, id: results[0]!.id, kind: "mismatch" });
  });

  it("tells what the process is before its first result: it may end before it counts anything", async () => {
    const target = producer();
    const publisher = kafkaPublisher({ producer: target });
    const lab = new Laboratory({ publishers: [publisher] });
    const price = lab.experiment("price", { control: () => 1, candidate: () => 2 });
    price();
    await lab.settled();
    const types = target.records.flatMap(({ messages }) => messages.map(({ headers }) => headers["sidelane-type"]));
    expect(types.slice(0, 2)).toEqual(["start", "result"]);
    await lab.close();
  });

  it("keeps requests under the broker's limit, and sends what alone is larger without its values", async () => {
    const target = producer();
    const publisher = kafkaPublisher({ producer: target, values: "shown" });
    const list = (size: number): string[] => Array.from({ length: size }, () => "x".repeat(450));
    const returned = (size: number) => ({ outcome: { kind: "returned", value: list(size) } }) as const;
    const middling = Array.from({ length: 30 }, () => aResult({ control: returned(130) }));
    const large = aResult({ id: "large", candidates: Array.from({ length: 20 }, () => returned(140)) });
    await publisher.publishBatch!([...middling, large, aResult({ id: "small" })]);
    const sizes = target.records.map(({ messages }) => messages.reduce((sum, { value }) => sum + value.length, 0));
    expect(Math.max(...sizes)).toBeLessThan(1_000_000);
    const messages = target.records.flatMap((record) => record.messages);
    expect(messages).toHaveLength(32);
    const sent = messages.find(({ headers }) => headers["sidelane-id"] === "large")!;
    expect(JSON.parse(sent.value).control.outcome).not.toHaveProperty("value");
  });

  it("counts characters by the bytes that they take", async () => {
    const target = producer();
    const publisher = kafkaPublisher({ producer: target, values: "shown" });
    const value = Array.from({ length: 140 }, () => "配".repeat(450));
    const returned = { outcome: { kind: "returned", value } } as const;
    const results = Array.from({ length: 20 }, () =>
      aResult({ candidates: Array.from({ length: 6 }, () => returned) }),
    );
    await publisher.publishBatch!(results);
    for (const { messages } of target.records) {
      expect(messages.reduce((sum, message) => sum + Buffer.byteLength(message.value), 0)).toBeLessThan(1_000_000);
    }
    expect(target.records.flatMap(({ messages }) => messages)).toHaveLength(20);
  });

  it.each([
    ["is the client's own", (refusal: Error) => refusal],
    ["was wrapped", (cause: Error) => new Error("no more retries", { cause })],
  ])("loses a message alone that the broker refuses for good, where the error %s", async (_, wrapped) => {
    const target = producer();
    const faults: Fault[] = [];
    const refusing = {
      async send(record: Parameters<typeof target.send>[0]) {
        if (record.messages.some(({ key }) => key === "refused")) {
          throw wrapped(Object.assign(new Error("too large"), { type: "MESSAGE_TOO_LARGE", code: 10 }));
        }
        await target.send(record);
      },
    };
    const publisher = kafkaPublisher({ producer: refusing });
    publisher.attach!({ onFault: (fault) => void faults.push(fault) });
    const names = Array.from({ length: 100 }, (_each, index) => (index === 50 ? "refused" : `e${index}`));
    await publisher.publishBatch!(names.map((experiment) => aResult({ experiment })));
    expect(target.records.flatMap(({ messages }) => messages)).toHaveLength(99);
    expect(faults).toMatchObject([{ operation: "publish" }]);
  });

  it("says what a process of thousands of experiments is in messages that a broker takes", async () => {
    const target = producer();
    const lab = new Laboratory({ publishers: [kafkaPublisher({ producer: target })] });
    const both = { control: () => 1, candidate: () => 2, about: { owner: "x".repeat(400) } };
    for (let number = 0; number < 3_000; number++) lab.experiment(`experiment-${number}`, both);
    await lab.close();
    const starts = target.records
      .flatMap(({ messages }) => messages)
      .filter(({ headers }) => headers["sidelane-type"] === "start");
    expect(Math.max(...starts.map(({ value }) => value.length))).toBeLessThan(1_000_000);
    const told = starts.flatMap(({ value }) => Object.keys((JSON.parse(value) as { experiments: object }).experiments));
    expect(new Set(told).size).toBe(3_000);
  });

  it("rejects when the producer does, so that the loss is counted", async () => {
    const publisher = kafkaPublisher({ producer: { send: () => Promise.reject(new Error("no leader")) } });
    await expect(publisher.publish(aResult())).rejects.toThrow("no leader");
  });

  it.each([
    [{}, /expected `producer` to be an object/],
    [{ producer: {} }, /expected `producer.send`/],
    [{ producer: producer(), topic: "no spaces" }, /expected `topic`/],
    [{ producer: producer(), tpic: "x" }, /did you mean `topic`/],
  ])("refuses %# when it is made", (options, message) => {
    expect(() => kafkaPublisher(options as never)).toThrow(message);
  });
});
