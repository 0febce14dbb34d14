/**
 * `npm run proof:next`: the packed package within a Next application, built by webpack and by Turbopack, with a route on Node and
 * one on the edge runtime. Next comes from npm into `reports/next`, and is kept there. Not part of `npm test`.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const folder = join(root, "reports", "next");
const environment = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });

function write(file: string, text: string): void {
  mkdirSync(join(folder, file, ".."), { recursive: true });
  writeFileSync(join(folder, file), text);
}

if (!existsSync(join(folder, "node_modules", "next"))) {
  write("package.json", JSON.stringify({ private: true }));
  run("npm", "install", "--no-audit", "--no-fund", "--silent", "next@15", "react@19", "react-dom@19");
}
const [{ filename }] = JSON.parse(
  execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
  }),
) as [{ filename: string }];
run("npm", "install", "--no-audit", "--no-fund", "--no-save", "--silent", join(folder, filename));

write("next.config.mjs", `export default { outputFileTracingRoot: ${JSON.stringify(folder)} };\n`);
for (const runtime of ["nodejs", "edge"]) {
  write(
    `app/api/${runtime}/route.js`,
    `import { Laboratory, memoryPublisher } from "sidelane";

export const runtime = "${runtime}";
export const dynamic = "force-dynamic";

const seen = memoryPublisher();
const shared = globalThis;
const lab = (shared.lab ??= new Laboratory({ publishers: [seen] }));
const price = lab.experiment("price", {
  control: async (sku) => ({ sku, cents: 450 }),
  candidate: async (sku) => ({ sku, cents: sku === "tea" ? 450 : 0 }),
  replace: true,
});

export async function GET(request) {
  const answer = await price(new URL(request.url).searchParams.get("sku"));
  await lab.settled();
  await lab.flush();
  return Response.json({ answer, kind: seen.results.at(-1)?.kind });
}
`,
  );
}

async function ask(port: number, path: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    } catch (error) {
      if (tries > 120) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

const next = join(folder, "node_modules", "next", "dist", "bin", "next");
const wanted = process.argv.slice(2);
let port = 39_100;
for (const bundler of ["webpack", "turbopack"]) {
  if (wanted.length > 0 && !wanted.includes(bundler)) continue;
  rmSync(join(folder, ".next"), { recursive: true, force: true });
  run(process.execPath, next, "build", ...(bundler === "turbopack" ? ["--turbopack"] : []));
  port += 1;
  const server = spawn(process.execPath, [next, "start", "-H", "127.0.0.1", "-p", String(port)], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    for (const runtime of ["nodejs", "edge"]) {
      for (const [sku, cents, kind] of [
        ["tea", 450, "match"],
        ["milk", 450, "mismatch"],
      ] as const) {
        const answer = await ask(port, `/api/${runtime}?sku=${sku}`);
        const same = answer === JSON.stringify({ answer: { sku, cents }, kind });
        console.log(`${bundler}, ${runtime}, ${sku}: ${same ? "as it should be" : answer.slice(0, 300)}`);
        if (!same) process.exitCode = 1;
      }
    }
  } finally {
    server.kill();
  }
}
