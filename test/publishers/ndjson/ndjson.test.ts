import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  mkdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Delivery } from "../../../src/experiment/deliver/delivery.ts";
import { systemClock } from "../../../src/model/clock.ts";
import type { Fault } from "../../../src/model/fault.ts";
import { ndjsonPublisher, type NdjsonPublisherOptions } from "../../../src/publishers/ndjson/index.ts";
import { readResults, type PresentedResult, type ResultSource } from "../../../src/records/index.ts";
import { rotateFiles } from "../../../src/publishers/ndjson/rotate.ts";
import { collectGarbage } from "../../collect-garbage.ts";
import { aResult } from "../../../src/testing/a-result.ts";
import { keptText } from "../../../src/testing/kept-text.ts";

let folder = "";
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sidelane-ndjson-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const freshPath = (): string => join(folder, `results-${files++}.ndjson`);

async function all(source: ResultSource, skipped: number[] = []): Promise<PresentedResult[]> {
  const results: PresentedResult[] = [];
  for await (const result of readResults(source, { onSkip: (line) => void skipped.push(line) })) results.push(result);
  return results;
}

// Linux's.
const openFilesOfProcess = "/proc/self/fd";
/** How many files whose names begin so are open, wherever they really are. */
function openFiles(path: string): number {
  const links = readdirSync(openFilesOfProcess).map((descriptor) => {
    try {
      return readlinkSync(join(openFilesOfProcess, descriptor));
    } catch {
      return ""; // Closed meanwhile, as the one is that listed them.
    }
  });
  return links.filter((link) => link.includes(basename(path))).length;
}

function delivered(options: NdjsonPublisherOptions): { delivery: Delivery; faults: Fault[] } {
  const faults: Fault[] = [];
  const delivery = new Delivery(ndjsonPublisher(options), {
    clock: systemClock,
    random: () => 0,
    onFault: (fault) => void faults.push(fault),
    detached: (run) => run(),
  });
  return { delivery, faults };
}

describe("ndjsonPublisher", () => {
  it("writes one line a result, which reads back as it was presented", async () => {
    const path = freshPath();
    const publisher = ndjsonPublisher({ path, values: "shown", perMinute: Infinity });
    await publisher.publishBatch!([aResult({ id: "a" }), aResult({ id: "b", kind: "match" })]);
    await publisher.publish(aResult({ id: "c", context: { note: "two\nlines", password: "x" } }));
    await publisher.close!();
    expect(readFileSync(path, "utf8").split("\n")).toHaveLength(4);
    const results = await all(path);
    expect(results.map(({ id, kind }) => [id, kind])).toEqual([
      ["a", "mismatch"],
      ["b", "match"],
      ["c", "mismatch"],
    ]);
    expect(results[2]!.context).toEqual({ note: "two\nlines", password: "[redacted]" });
    expect(results[0]!.control.outcome).toMatchObject({ value: { id: 42, name: "Ada", total: 12.5 } });
  });

  it("makes missing folders, and a file that only its owner can read", async () => {
    const path = join(folder, "deep", "er", "results.ndjson");
    await ndjsonPublisher({ path, perMinute: Infinity }).publish(aResult());
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("goes on in a new file when its own was moved or its folder deleted", async () => {
    const gone = join(folder, "gone");
    const path = join(gone, "results.ndjson");
    const publisher = ndjsonPublisher({ path, perMinute: Infinity });
    await publisher.publish(aResult({ id: "a" }));
    renameSync(path, `${path}.old`);
    await publisher.publish(aResult({ id: "b" }));
    expect((await all(path)).map(({ id }) => id)).toEqual(["b"]);
    rmSync(gone, { recursive: true });
    await publisher.publish(aResult({ id: "c" }));
    expect((await all(path)).map(({ id }) => id)).toEqual(["c"]);
  });

  it("rotates by size, keeps so many files, and loses nothing else", async () => {
    const path = freshPath();
    const publisher = ndjsonPublisher({ path, rotate: { bytes: 2_000, files: 3 }, perMinute: Infinity });
    for (let number = 0; number < 40; number++) await publisher.publish(aResult({ id: `r-${number}` }));
    await publisher.close!();
    const names = readdirSync(folder).filter((name) => join(folder, name).startsWith(path));
    expect(names.map((name) => join(folder, name)).sort()).toEqual([path, `${path}.1`, `${path}.2`, `${path}.3`]);
    const ids: string[] = [];
    for (const file of [`${path}.3`, `${path}.2`, `${path}.1`, path]) {
      expect(statSync(file).size).toBeLessThanOrEqual(2_000);
      for (const { id } of await all(file)) ids.push(id);
    }
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => `r-${40 - ids.length + index}`));
    expect(ids.length).toBeGreaterThan(8);
  });

  it("splits a batch, so that no file grows beyond its size, and loses no line", async () => {
    const path = freshPath();
    const publisher = ndjsonPublisher({ path, rotate: { bytes: 5_000, files: 1_000 }, perMinute: Infinity });
    const results = Array.from({ length: 200 }, (_, index) => aResult({ id: `r${index}` }));
    await publisher.publishBatch!(results.slice(0, 150));
    await publisher.publishBatch!(results.slice(150));
    await publisher.close!();
    const written = readdirSync(folder).filter((name) => name.startsWith(basename(path)));
    expect(written.length).toBeGreaterThan(10);
    let lines = 0;
    for (const name of written) {
      expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(5_000);
      lines += (await all(join(folder, name))).length;
    }
    expect(lines).toBe(200);
  });

  it("returns a line that is longer than a file may be a file for itself", async () => {
    const path = freshPath();
    const publisher = ndjsonPublisher({ path, rotate: { bytes: 2_000 }, perMinute: Infinity });
    const long = aResult({ id: "long", experiment: "x".repeat(5_000) });
    await publisher.publishBatch!([aResult({ id: "a" }), long, aResult({ id: "b" })]);
    const kept = await Promise.all([`${path}.2`, `${path}.1`, path].map((name) => all(name)));
    expect(kept.map((results) => results.map(({ id }) => id))).toEqual([["a"], ["long"], ["b"]]);
  });

  // Linux's: a folder in which even root makes no file.
  it.runIf(existsSync("/sys/kernel"))("sets nothing aside where the folder does not let it", async () => {
    expect(await rotateFiles("/sys/kernel/results.ndjson", 3, () => true)).toMatchObject({ code: "EACCES" });
  });

  it("writes on where nothing can be set aside", async () => {
    const path = freshPath();
    const publisher = ndjsonPublisher({ path, rotate: { bytes: 1_000 }, perMinute: Infinity });
    writeFileSync(`${path}.lock`, "");
    for (let count = 0; count < 3; count++) await publisher.publish(aResult({ id: `r${count}` }));
    expect((await all(path)).map(({ id }) => id)).toEqual(["r0", "r1", "r2"]);
    rmSync(`${path}.lock`);
  });

  it.each([
    ["a folder stands where a file should go", freshPath, (path: string) => mkdirSync(`${path}.1`)],
    ["the name leaves no room for another", () => join(folder, "r".repeat(252)), () => undefined],
  ])("writes on, and tells of it once, where %s", async (_, made, prepare) => {
    const path = made();
    const faults: unknown[] = [];
    const publisher = ndjsonPublisher({ path, rotate: { bytes: 1_000, files: 1 }, perMinute: Infinity });
    publisher.attach!({ onFault: ({ error }) => faults.push(error) });
    prepare(path);
    for (let count = 0; count < 4; count++) await publisher.publish(aResult({ id: `r${count}` }));
    expect((await all(path)).map(({ id }) => id)).toEqual(["r0", "r1", "r2", "r3"]);
    expect(faults).toHaveLength(1);
    await publisher.close!();
  });

  it("has nothing to rotate where another process has just done it, and nobody has written since", async () => {
    const path = freshPath();
    await rotateFiles(path, 3, (size) => size > 0);
    expect([path, `${path}.1`, `${path}.lock`].filter((file) => existsSync(file))).toEqual([]);
    writeFileSync(path, "a");
    await rotateFiles(path, 3, (size) => size > 0);
    expect([path, `${path}.1`].filter((file) => existsSync(file))).toEqual([`${path}.1`]);
  });

  it.runIf(existsSync(openFilesOfProcess))(
    "closes a file that is forgotten: nothing is said or thrown for it",
    async () => {
      const path = freshPath();
      const warnings: unknown[] = [];
      const listener = (warning: unknown): void => void warnings.push(warning);
      process.on("warning", listener);
      await (async () => {
        for (let number = 0; number < 5; number++) {
          await ndjsonPublisher({ path: `${path}-${number}`, perMinute: Infinity }).publish(aResult());
        }
        expect(openFiles(path)).toBeGreaterThan(0);
      })();
      for (let turns = 0; turns < 100 && openFiles(path) > 0; turns++) {
        collectGarbage();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      process.off("warning", listener);
      expect(openFiles(path)).toBe(0);
      expect(warnings).toEqual([]);
    },
  );

  it.runIf(existsSync("/dev/full"))("survives a full disk: tried again, then counted as failed", async () => {
    const { delivery, faults } = delivered({ path: "/dev/full" });
    delivery.accept(aResult());
    await delivery.flush();
    expect(delivery.counts()).toMatchObject({ accepted: 1, published: 0, failed: 1 });
    expect(faults).toHaveLength(3);
    expect(faults[0]).toMatchObject({ publisher: "ndjson", error: { code: "ENOSPC" } });
  });

  it("survives a stream that was destroyed, and one that fails for a while", async () => {
    const gone = new PassThrough();
    gone.destroy();
    const first = delivered({ stream: gone });
    first.delivery.accept(aResult());
    await first.delivery.flush();
    expect(first.delivery.counts()).toMatchObject({ failed: 1 });

    let refusals = 1;
    let written = "";
    const moody = {
      on: () => undefined,
      write: (chunk: string, done: (error?: Error) => void) => {
        if (refusals-- > 0) done(new Error("busy"));
        else {
          written += chunk;
          done();
        }
      },
    };
    const second = delivered({ stream: moody });
    second.delivery.accept(aResult());
    expect(await second.delivery.flush()).toBe(true);
    expect(second.delivery.counts()).toMatchObject({ published: 1, failed: 0 });
    // The first of its kind at once, and what was drawn at the flush.
    expect(written.trim().split("\n")).toHaveLength(2);
  });

  it("survives a pipe whose reader is gone (EPIPE), in a process of its own", async () => {
    const script = `
      import { ndjsonPublisher } from ${JSON.stringify(join(import.meta.dirname, "../../../src/publishers/ndjson/index.ts"))};
      import { aResult } from ${JSON.stringify(join(import.meta.dirname, "../../../src/testing/a-result.ts"))};
      const publisher = ndjsonPublisher({ stream: process.stdout, perMinute: Infinity });
      let failed = 0;
      for (let turn = 0; turn < 50 && failed < 3; turn++) {
        await publisher.publish(aResult()).catch(() => { failed += 1; });
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      console.error("survived", failed);
    `;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let errors = "";
    child.stderr.on("data", (data) => (errors += String(data)));
    const [code] = await once(child, "exit");
    expect(errors).toContain("survived 3");
    expect(code).toBe(0);
  });

  it.each([
    [{}, "ndjsonPublisher: expected `path` to be a non-empty string, got undefined"],
    [{ path: "a", stream: process.stdout }, "expected `stream` to be left out where `path` is given"],
    [{ stream: {} }, "expected `stream` to be a writable stream"],
    [{ stream: process.stdout, rotate: { bytes: 1e6 } }, "expected `rotate` to be left out where `stream` is given"],
    [{ path: "a", rotate: { bytes: 10 } }, "expected `rotate.bytes` to be a number of at least 1000, got 10"],
    [{ path: "a", rotate: { size: 10 } }, "unknown option `rotate.size`"],
    [{ path: "a", value: "shown" }, "unknown option `value`; did you mean `values`?"],
    [{ path: "/dev/null/results.ndjson" }, "expected `path` to be a file that can be written (E"],
    [{ path: tmpdir() }, "expected `path` to be a file that can be written (EISDIR)"],
  ])("refuses %j when it is made", (options, message) => {
    expect(() => ndjsonPublisher(options as NdjsonPublisherOptions)).toThrow(message);
  });

  it.skipIf(process.getuid?.() === 0)("refuses a file that may not be written (root may write any)", () => {
    const path = freshPath();
    writeFileSync(path, "");
    chmodSync(path, 0o400);
    expect(() => ndjsonPublisher({ path, perMinute: Infinity })).toThrow("EACCES");
  });
});

describe("a stream", () => {
  it("is listened to only while something is written to it", async () => {
    const stream = new Writable({ write: (_, __, done) => setTimeout(done, 5) });
    const publisher = ndjsonPublisher({ stream, perMinute: Infinity });
    expect(stream.listenerCount("error")).toBe(0);
    const publishing = publisher.publish(aResult());
    expect(stream.listenerCount("error")).toBe(1);
    await publishing;
    expect(stream.listenerCount("error")).toBe(0);
  });

  it("that breaks fails the publish, and is let go of", async () => {
    const stream = new Writable({ write: (_, __, done) => done(new Error("EPIPE")) });
    await expect(ndjsonPublisher({ stream, perMinute: Infinity }).publish(aResult())).rejects.toThrow("EPIPE");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stream.listenerCount("error")).toBe(0);
  });
});

describe("readResults", () => {
  const record = { v: 2, type: "result", experiment: "price", kind: "match", control: {}, candidates: [] };
  const line = (id: string): string => `${JSON.stringify({ ...record, id })}\n`;

  it("skips a torn tail, and says where", async () => {
    const path = freshPath();
    writeFileSync(path, line("a") + line("b") + line("c").slice(0, -5));
    const skipped: number[] = [];
    expect((await all(path, skipped)).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(skipped).toEqual([3]);
  });

  it("finds a whole line that another process wrote right after a torn one", async () => {
    const path = freshPath();
    writeFileSync(path, `${line("a").slice(0, -5)}\t${line("b")}${line("c")}`);
    expect((await all(path)).map(({ id }) => id)).toEqual(["b", "c"]);
  });

  it("takes no value in a torn line for a line, wherever it is torn", async () => {
    const value = { ...record, id: "forged", experiment: "payments" };
    const written: string[] = [];
    const stream = keptText(written);
    const publisher = ndjsonPublisher({ stream, values: "shown", perMinute: Infinity });
    const text = `\t${JSON.stringify(value)}`;
    await publisher.publish(aResult({ context: { value, text }, control: { outcome: { kind: "returned", value } } }));
    const [whole] = written;
    for (let end = 1; end < whole!.length; end++) {
      for await (const { id } of readResults(Readable.from([whole!.slice(0, end)]))) expect(id).not.toBe("forged");
    }
  });

  it("returns a line once that was written twice", async () => {
    const path = freshPath();
    writeFileSync(path, line("a") + line("b") + line("a"));
    expect((await all(path)).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("reads pieces that are cut anywhere, in the middle of a character too", async () => {
    const bytes = Buffer.from(line("ä€😀") + line("b"));
    async function* oneByOne(): AsyncGenerator<Uint8Array> {
      for (const byte of bytes) yield Uint8Array.of(byte);
    }
    expect((await all(oneByOne())).map(({ id }) => id)).toEqual(["ä€😀", "b"]);
  });

  it("goes on on a new line when the file ends in a torn one", async () => {
    const path = freshPath();
    writeFileSync(path, line("a"));
    appendFileSync(path, '{"v":2,"id":"tor');
    await ndjsonPublisher({ path, perMinute: Infinity }).publish(aResult({ id: "b" }));
    expect((await all(path)).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(readFileSync(path, "utf8").split("\n")[1]).toBe('{"v":2,"id":"tor');
  });
});
