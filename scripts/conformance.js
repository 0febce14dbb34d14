// What every runtime must print alike; run by `npm run test:runtimes` on the build.
/** @param {typeof import("../src/index.ts") & typeof import("../src/http/index.ts")} sidelane */
export async function conformance({ Laboratory, currentRun, memoryPublisher, parallelHandler, compareResponses }) {
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

  lines.push(...(await services(lab, seen, parallelHandler)));
  const compared = await compareResponses(json('{"a":1,"b":[2]}'), json('{"b":[3],"a":1.0}'));
  lines.push(`responses ${compared.kind} ${compared.differences.map(({ path }) => path)}`);

  await lab.settled();
  const { complete } = await lab.close();
  const kinds = seen.results.map(({ experiment, kind }) => `${experiment} ${kind}`).sort();
  lines.push(`results ${kinds.join(", ")}`, `faults ${faults.join() || "none"}`, `closed ${complete}`);
  return lines.join("\n");
}

const json = (text, headers = {}, status = 200) =>
  new Response(text, { status, headers: { "content-type": "application/json", ...headers } });

/** What candidates do to which path. */
const candidates = {
  "/same": () => json('{ "total": 10, "id": 1 }'),
  "/other": () => json('{"id":1,"total":11}', { vary: "cookie" }),
  "/encoded": () => {
    const encoded = json('{"total":10.0,"id":1}').body.pipeThrough(new CompressionStream("gzip"));
    return json(encoded, { "content-encoding": "gzip" });
  },
  "/down": () => json("{}", {}, 503),
  "/throws": () => Promise.reject(new Error("its own")),
  "/breaks": () => json(new ReadableStream({ pull: (controller) => controller.error(new Error("its own")) })),
};

/** Two services within the process, one beside the other. */
async function services(lab, seen, parallelHandler) {
  const lines = [];
  const copies = [];
  let known = 0;
  const control = async (request) => json(`{"id":1,"total":10,"sent":${JSON.stringify(await request.text())}}`);
  const candidate = async (request) => {
    copies.push(`${request.method} ${request.headers.has("x-sidelane") ? "marked" : "bare"}`);
    const { pathname } = new URL(request.url);
    return pathname === "/search" ? await control(request) : candidates[pathname]();
  };
  const handler = parallelHandler({
    ...{ name: "services", laboratory: lab, control, candidate, noise: false, silence: false, cpuShare: 1 },
    ...{ limits: { breakAfter: 100 }, compare: { ignore: ["$.body.sent"] } },
    routes: ["GET /{page}", { match: "POST /search", readOnly: true }],
  });
  const ask = async (path, init) => {
    const response = await handler(new Request(`http://front.example${path}`, init));
    const text = await response.text();
    await lab.settled();
    const results = seen.results.filter(({ experiment }) => experiment === "services").slice(known);
    known += results.length;
    const found = results.map(({ candidates: [{ outcome, comparison }] }) => {
      const differences = comparison.kind === "mismatch" ? comparison.differences.map((each) => each.path) : [];
      return `${outcome.error?.code ?? outcome.kind} ${comparison.kind} ${differences}`;
    });
    lines.push(`${path} ${response.status} ${text}, candidate ${found}`);
  };
  for (const path of Object.keys(candidates)) await ask(path);
  await ask("/search", { method: "POST", body: "words" });
  await ask("/orders", { method: "POST", body: "one" });
  const { sent, answered, compared, matched, skips } = handler.counts().candidate;
  handler.close();
  lines.push(`copies ${copies.join(", ")}`, `counts ${JSON.stringify({ sent, answered, compared, matched, skips })}`);
  return lines;
}
