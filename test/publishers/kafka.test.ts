import { describe, expect, it } from "vitest";
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
      { key: "find-user", timestamp: "5", headers: { "sidelane-id": results[0]!.id, "sidelane-kind": "mismatch" } },
      {
        key: "price",
        timestamp: String(results[1]!.startedAt),
        headers: { "sidelane-id": results[1]!.id, "sidelane-kind": "match" },
      },
    ]);
    expect(JSON.parse(messages[0]!.value)).toMatchObject({ v: 1, id: results[0]!.id, kind: "mismatch" });
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
