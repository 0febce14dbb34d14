import { describe, expect, it } from "vitest";
import { SidelaneError } from "../../src/model/errors.ts";
import { all, batch, only, redact, sample, throttle } from "../../src/publishers/combine/index.ts";
import { memoryPublisher } from "../../src/publishers/memory.ts";
import { ndjsonPublisher } from "../../src/publishers/ndjson/index.ts";
import { webhookPublisher } from "../../src/publishers/webhook/index.ts";

const inner = memoryPublisher();
const batches = { ...inner, publishBatch: (): void => undefined };
const url = "https://hooks.slack.com/services/x";

/** What is wrong, what is made, and what its error has to say: the option, what was expected, what came. */
const rows: readonly (readonly [string, () => unknown, string])[] = [
  [
    "a path that cannot be written",
    () => ndjsonPublisher({ path: "/dev/null/x" }),
    "ndjsonPublisher: expected `path` to be a file that can be written (E",
  ],
  ["no URL", () => webhookPublisher({ url: "slack" }), "webhookPublisher: expected `url` to be a URL, got"],
  [
    "credentials in a URL",
    () => webhookPublisher({ url: "https://ada:pw@hooks.slack.com/x" }),
    "webhookPublisher: expected `url` to be without credentials",
  ],
  [
    "a private address without `allowPrivate`",
    () => webhookPublisher({ url: "https://10.0.0.1/x", allowHosts: ["10.0.0.1"] }),
    "webhookPublisher: expected `url` to be a public host, got",
  ],
  [
    "a batch of none",
    () => batch({ size: 0 }, batches),
    "batch: expected `size` to be a whole number from 1 to 10000, got 0",
  ],
  ["a share over 1", () => sample(2, inner), "sample: expected `rate` to be a number from 0 to 1, got 2"],
  [
    "an unknown kind",
    () => only("mismatched" as never, inner),
    'only: expected `what` to be one of "match", "ignored", "inconclusive", "timed-out", "mismatch", got "mismatched"',
  ],
  [
    "an unknown option",
    () => throttle({ perMinutes: 1 } as never, inner),
    "throttle: unknown option `perMinutes`; did you mean `perMinute`? Known options: perMinute, clock",
  ],
  [
    "an unknown option of the webhook",
    () => webhookPublisher({ url, alerton: "every-mismatch" } as never),
    "webhookPublisher: unknown option `alerton`; did you mean `alertOn`?",
  ],
  [
    "an unknown way to redact",
    () => redact({ key: ["a"] } as never, inner),
    "redact: unknown option `redact.key`; did you mean `redact.keys`?",
  ],
  ["no publisher", () => all("memory" as never), "all: expected `publisher` to be a function or an object"],
];

describe("a publisher that is described wrongly", () => {
  it.each(rows)("is refused when it is made: %s", (_, make, message) => {
    let error: unknown;
    try {
      make();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SidelaneError);
    expect(error).toMatchObject({ code: "invalid-option", message: expect.stringContaining(message) });
  });
});
