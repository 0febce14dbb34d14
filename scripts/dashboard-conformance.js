// How the dashboard answers, which every runtime must say alike; run by `npm run test:runtimes` where it is mounted.
/**
 * A laboratory with two experiments that differ now and then, and its dashboard. Made within a request: a Worker has no timers before.
 *
 * @param {typeof import("../src/index.ts")} sidelane
 * @param {typeof import("../src/report/index.ts")} report
 */
export async function mounted({ Laboratory }, { dashboard }) {
  const laboratory = new Laboratory({ publishers: [], trackRuns: false });
  const price = laboratory.experiment("price", {
    control: async (n) => ({ total: n }),
    candidate: async (n) => ({ total: n % 5 === 0 ? n + 1 : n }),
  });
  laboratory.experiment("user <b>", { control: () => 1, candidate: () => 1 })();
  for (let n = 1; n <= 20; n++) await price(n);
  await laboratory.settled();
  return dashboard({ laboratory });
}

/** @param {(path: string, init?: RequestInit) => Promise<Response>} ask */
export async function dashboardConformance(ask) {
  const lines = [];
  const page = await ask("/ops/?q=price");
  const html = await page.text();
  const policy = page.headers.get("content-security-policy") ?? "";
  lines.push(`page ${page.status} ${page.headers.get("content-type")} ${page.headers.get("cache-control")}`);
  lines.push(`policy ${/script-src 'sha256-[^']+'/.test(policy) && !policy.includes("unsafe")}`);
  lines.push(`names ${html.includes("<bdi>price</bdi>")} ${html.includes("<bdi>user &lt;b&gt;</bdi>")}`);
  const { experiments } = await (await ask("/ops/?show=model")).json();
  lines.push(`model ${JSON.stringify(experiments.price.candidates.candidate.counts)}`);
  const epoch = await (await ask("/ops/?show=epoch")).text();
  const leave = new AbortController();
  const live = await ask("/ops/?show=live", { signal: leave.signal });
  const reader = live.body.getReader();
  let told = "";
  while (!told.includes("data: ")) told += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  leave.abort();
  lines.push(`live ${live.headers.get("content-type")} ${told.includes(`data: ${epoch}\n`)}`);
  for (const [method, path] of [
    ["HEAD", "/ops/"],
    ["POST", "/ops/"],
    ["DELETE", "/ops/"],
  ]) {
    const { status, headers } = await ask(path, { method });
    lines.push(`${method} ${status} ${headers.get("allow") ?? "-"}`);
  }
  return lines.join("\n");
}
