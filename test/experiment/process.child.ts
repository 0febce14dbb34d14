// Each mode is one process; what it prints, and how it ends, is what the test looks at.
const [mode = ""] = process.argv.slice(2);

async function broken(): Promise<never> {
  await Promise.resolve();
  throw new Error("control broke");
}

async function wrappedBroken(): Promise<() => Promise<never>> {
  const { Laboratory } = await import("../../src/index.ts");
  return new Laboratory().experiment("broken", { control: broken, candidate: broken });
}

const modes: Record<string, () => Promise<void> | void> = {
  async "bare-uncaught"() {
    void broken();
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log("went on");
  },
  async "wrapped-uncaught"() {
    void (await wrappedBroken())();
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log("went on");
  },
  async "wrapped-unhandled"() {
    process.on("unhandledRejection", (reason) => console.log("unhandled:", (reason as Error).message));
    void (await wrappedBroken())();
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
  async "served-hangs"() {
    const { Laboratory } = await import("../../src/index.ts");
    const sides = { control: async () => "control", candidate: () => new Promise<never>(() => undefined) };
    const served = { ...sides, key: () => "k", limits: { timeoutMs: 50 } };
    const lab = new Laboratory();
    console.log(await lab.experiment("alone", { ...served, rollout: { serve: 0.9999, compare: 0 } })());
    console.log(await lab.experiment("compared", { ...served, rollout: { serve: 0.9999, compare: 1 } })());
    const throwing = new Laboratory({ throwOnMismatch: { kinds: ["mismatch"] } });
    console.log(await throwing.experiment("throwing", { ...sides, limits: { timeoutMs: 50 } })());
    const shadow = lab.experiment("shadow", { ...sides, limits: { timeoutMs: 50 } });
    console.log(await shadow());
    await lab.settled();
    console.log("settled");
    // What nobody waits for keeps nothing alive.
    await lab.experiment("left", { ...sides, limits: { timeoutMs: 20_000 } })();
  },
  async "candidate-rejects"() {
    process.on("unhandledRejection", (reason) => console.log("unhandled:", reason));
    const { Laboratory } = await import("../../src/index.ts");
    const lab = new Laboratory();
    const call = lab.experiment("quiet", { control: async () => 1, candidate: broken });
    console.log(await call());
    await lab.close();
  },
  async stack() {
    const call = await wrappedBroken();
    async function outermostCaller(): Promise<void> {
      await call();
    }
    await outermostCaller().catch((error: unknown) => console.log((error as Error).stack));
  },
  async import() {
    const before = footprint();
    const names = new Set(Object.getOwnPropertyNames(globalThis));
    for (const subpath of [
      "index",
      "compare/index",
      "records/index",
      "rollout/index",
      "render/index",
      "testing/index",
    ]) {
      await import(`../../src/${subpath}.ts`);
    }
    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !names.has(name));
    console.log(JSON.stringify({ before, after: footprint(), added }));
  },
  async pending() {
    const { Laboratory } = await import("../../src/index.ts");
    const call = new Laboratory().experiment("pending", {
      control: async () => 1,
      candidate: () => new Promise<number>(() => undefined),
      limits: { timeoutMs: 600_000 },
    });
    console.log(await call());
  },
  async close() {
    const { Laboratory } = await import("../../src/index.ts");
    const lab = new Laboratory({ publishers: [{ name: "hangs", publish: () => new Promise<void>(() => undefined) }] });
    const call = lab.experiment("pending", {
      control: async () => 1,
      candidate: () => new Promise<number>(() => undefined),
    });
    await call();
    const startedAt = performance.now();
    const { eventLoopUtilization } = (await import("node:perf_hooks")).performance;
    const before = eventLoopUtilization();
    const { complete } = await lab.close({ timeoutMs: 400 });
    const { utilization } = eventLoopUtilization(before);
    console.log(JSON.stringify({ complete, waited: performance.now() - startedAt, utilization }));
  },
  async untracked() {
    const { Laboratory } = await import("../../src/index.ts");
    const lab = new Laboratory({
      trackRuns: false,
      publishers: [{ name: "awaits", publish: () => Promise.resolve() }],
    });
    const candidate = async (): Promise<number> => 2;
    const run = lab.experiment("untracked", { control: async () => 1, candidate });
    const deferred = lab.experiment("deferred", { control: async () => 1, candidate, order: "deferred" });
    await Promise.all([run(), deferred()]);
    await lab.settled();
    await lab.close();
    console.log(Object.getOwnPropertySymbols(Promise.resolve()).length);
  },
  async off() {
    const { experiment, science } = await import("../../src/index.ts");
    const candidate = (): number => {
      console.log("candidate ran");
      return 2;
    };
    console.log(experiment("off", { control: () => 1, candidate })(), science("once", { control: () => 1, candidate }));
  },
};

function footprint(): unknown {
  const handles = (process as unknown as { _getActiveHandles(): { constructor: { name: string } }[] })
    ._getActiveHandles()
    .map(({ constructor }) => constructor.name);
  const listeners = process.eventNames().map((name) => [String(name), process.listenerCount(name as "exit")]);
  return { handles: handles.filter((name) => name !== "Socket" && name !== "MessagePort"), listeners };
}

await modes[mode]!();
