import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { initialState } from "../../src/rollout/state.ts";
import { commandStored } from "../../src/rollout/stored-command.ts";
import { fileStore } from "../../src/rollout/stores/file.ts";
import { memoryStore } from "../../src/rollout/stores/memory.ts";
import { called } from "./called.ts";
import { steersAStore } from "./steers-a-store.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-rollout-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("sidelane rollout", () => {
  it("steers what a folder keeps, without the program", async () => {
    await steersAStore(fileStore(join(folder, "one")), `file:${join(folder, "one")}`);
  });

  it("takes a file URL, and a store from the environment", async () => {
    const path = join(folder, "two");
    await fileStore(path).compareAndSet("price", undefined, initialState([0.5], Date.now()));
    const { href } = pathToFileURL(path);
    expect((await called(["rollout", "status", "price", "--store", href])).code).toBe(0);
    expect((await called(["rollout", "status", "price"], { env: { SIDELANE_STORE: href } })).code).toBe(0);
  });

  it("writes no control character of what a store has", async () => {
    const path = join(folder, "three");
    const name = "pri\u001b[31mce\u202e";
    const store = fileStore(path);
    await store.compareAndSet(name, undefined, initialState([0.5], Date.now(), "shadow", "v\u0007"));
    const asked = ["--store", `file:${path}`, "--by", "a\u001bda", "--reason", "be\u0000cause\n"];
    await called(["rollout", "rollback", name, ...asked]);
    const { out } = await called(["rollout", "status", name, "--store", `file:${path}`]);
    expect(out).toContain("rolled-back by a");
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  });

  it.each([
    [["rollout"], "name an action: status, advance"],
    [["rollout", "advnce", "price"], "there is no action advnce; did you mean advance?"],
    [["rollout", "explode", "price"], "there is no action explode; there are status"],
    [["rollout", "status"], "name one experiment"],
    [["rollout", "status", "a", "b"], "name one experiment"],
    [["rollout", "status", "price"], "--store needs a url"],
    [["rollout", "status", "price", "--stroe", "x"], "unknown option --stroe; did you mean --store?"],
    [["rollout", "status", "price", "--store", "mysql://x"], "--store takes file:<folder>, postgres://"],
    [["rollout", "status", "price", "--store", "postgres://u:p@[x"], "--store is no URL"],
    [["rollout", "status", "price", "--store", "redis://:p%ss@h"], "--store is no URL; a password"],
    [["rollout", "status", "price", "--store", "file:"], "--store takes file:<folder>"],
    [["rollout", "status", "", "--store", "file:/tmp"], "name one experiment"],
    [["rollout", "status", "price", "--store", "file:/no/such/folder"], "there is no folder /no/such/folder"],
    [["rollout", "pause", "price", "--store", "file:/tmp", "--reason", "x"], "pause needs --by <who>"],
    [["rollout", "pause", "price", "--store", "file:/tmp", "--by", "ada"], "pause needs --reason <why>"],
    [
      ["rollout", "pause", "price", "--store", "file:/tmp", "--by", "ada", "--reason", "x", "--json"],
      "--json goes with",
    ],
  ])("exits with 2 for %j", async (args, message) => {
    const { code, err } = await called(args);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it("says that a name belongs to the ramp, and makes no folder", async () => {
    const path = join(folder, "four");
    await fileStore(path).compareAndSet("price", undefined, initialState([0.5], Date.now()));
    const { code, err } = await called([
      ...["rollout", "pause", "price", "--store", `file:${path}`, "--by", "ramp", "--reason", "x"],
    ]);
    const says =
      'sidelane rollout: pause: expected `by` to be who asks, got "ramp". That name is for what happens by itself';
    expect([code, err]).toEqual([2, expect.stringContaining(says)]);
    await called(["rollout", "status", "other", "--store", `file:${path}`]);
    expect(readdirSync(path)).not.toContain("other");
    // However often one looks, the store has one report of that.
    expect(readdirSync(join(path, ".processes"))).toHaveLength(1);
  });

  it("exits with 1 where the store is out of reach, without the password of its address", async () => {
    for (const address of ["postgres://ada:hunter2planted@127.0.0.1:1/app", "redis://:hunter2planted@127.0.0.1:1"]) {
      const { code, out, err } = await called(["rollout", "status", "price", "--store", address]);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toContain("the store failed: connect ECONNREFUSED 127.0.0.1:1");
      expect(err).not.toContain("hunter2planted");
    }
  });

  it.each([
    ["postgres://localhost/app", "needs the package pg, which is not installed here; run npm install pg"],
    ["redis://localhost", "needs the package redis or ioredis, which is not installed here; run npm install redis"],
  ])("says what to install for %s where the driver is not there", async (address, message) => {
    const [before, script] = [process.cwd(), process.argv[1]!];
    process.chdir(folder);
    process.argv[1] = join(folder, "cli.js");
    try {
      const { code, err } = await called(["rollout", "status", "price", "--store", address]);
      expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    } finally {
      process.chdir(before);
      process.argv[1] = script;
    }
  });

  it("prints help with its actions and examples", async () => {
    const { code, out } = await called(["rollout", "--help"]);
    expect(code).toBe(0);
    for (const word of ["Examples:", "step-back", "forget", "--by <who>"]) expect(out).toContain(word);
  });
});

describe("a command on a stored state", () => {
  it("steps no further than was looked at where another process was first, and goes back in any case", async () => {
    const store = memoryStore();
    await store.compareAndSet("price", undefined, initialState([0.1, 0.5], 0));
    const ask = { by: "ada", reason: "why" };
    let races = 1;
    const racing = {
      ...store,
      sync: store.sync.bind(store),
      async compareAndSet(...given: Parameters<typeof store.compareAndSet>) {
        if (races-- > 0) await commandStored(store, "price", "advance", { by: "bob", reason: "first" }, "bob");
        return store.compareAndSet(...given);
      },
    };
    await expect(commandStored(racing, "price", "advance", ask, "ada")).rejects.toThrow("Another process changed it");
    races = 2;
    const done = await commandStored(racing, "price", "rollback", ask, "ada");
    expect(done!.after).toMatchObject({ stage: "shadow", mode: "rolled-back" });
    expect(done!.before.stage).not.toBe("shadow");
  });
});
