// What every runtime must print alike; run by `npm run test:runtimes` on the build.
/** @param {typeof import("../src/index.ts")} sidelane */
export async function conformance({ Laboratory, currentRun, memoryPublisher }) {
  const lines = [];
  const seen = memoryPublisher();
  const faults = [];
  const lab = new Laboratory({ publishers: [seen], onFault: ({ operation }) => faults.push(operation) });
  const error = new Error("control's own");
  let inside = "";

  const call = lab.experiment("sync", { control: (n) => n + 1, candidate: (n) => n + 2 });
  lines.push(`sync ${call(1)} ${call.name} ${call.length}`);

  const later = lab.experiment("async", {
    control: async (id) => ({ id }),
    candidate: async (id) => ((inside = currentRun()?.role), { id }),
  });
  lines.push(
    `async ${JSON.stringify(await later("a"))} candidate is ${inside}, outside is ${currentRun()?.role ?? "none"}`,
  );

  const fails = lab.experiment("throws", {
    control: () => {
      throw error;
    },
    candidate: () => 1,
  });
  try {
    fails();
  } catch (thrown) {
    lines.push(`throws control's own: ${thrown === error}`);
  }

  const served = lab.experiment("served", {
    control: async () => "old",
    candidate: async () => "new",
    rollout: "live",
  });
  lines.push(`served ${await served()}`);

  class Parsed extends Promise {
    static get [Symbol.species]() {
      return Promise;
    }
    then(fulfil, reject) {
      return Promise.resolve("parsed").then(fulfil, reject);
    }
  }
  const own = lab.experiment("own", {
    control: async () => "parsed",
    candidate: () => new Parsed((resolve) => resolve(null)),
  });
  lines.push(`own ${await own()}`);

  const hangs = lab.experiment("hangs", {
    control: async () => 1,
    candidate: () => new Promise(() => {}),
    limits: { timeoutMs: 10 },
  });
  lines.push(`hangs ${await hangs()}`);

  await lab.settled();
  const { complete } = await lab.close();
  const kinds = seen.results.map(({ experiment, kind }) => `${experiment} ${kind}`).sort();
  lines.push(`results ${kinds.join(", ")}`, `faults ${faults.join() || "none"}`, `closed ${complete}`);
  return lines.join("\n");
}
