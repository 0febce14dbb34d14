// Writes results to a file until it is killed, or has written as many as it was told to.
import { ndjsonPublisher } from "../../../src/publishers/ndjson/index.ts";
import { aResult } from "../../../src/testing/a-result.ts";

const [path = "", name = "", count = "Infinity", bytes = ""] = process.argv.slice(2);
const publisher = ndjsonPublisher({
  path,
  values: "shown",
  perMinute: Infinity,
  ...(bytes !== "" && { rotate: { bytes: Number(bytes), files: 500 } }),
});

let number = 0;
while (number < Number(count)) {
  const batch = Array.from({ length: 1 + (number % 20) }, () => {
    const value = { text: "x".repeat((number * 37) % 400) };
    return aResult({ id: `${name}-${number++}`, control: { outcome: { kind: "returned", value } } });
  });
  await publisher.publishBatch!(batch);
}
await publisher.close!();
