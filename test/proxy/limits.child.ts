/** A proxy in a process of its own, which tells its memory when it is asked. */
import { checkConfig } from "../../src/proxy/config/config.ts";
import { Surroundings } from "../../src/proxy/config/files.ts";
import { startProxy } from "../../src/proxy/start-proxy.ts";

const config = JSON.parse(process.argv[2]!) as object;
const { url, deployment } = await startProxy(
  checkConfig({ ...config, listen: { port: 0, keepAliveTimeoutMs: 600_000 }, silence: false }, "limits"),
  new Surroundings("limits", process.cwd()),
  console.error,
);

process.on("message", () => {
  globalThis.gc!();
  const { rss, heapUsed } = process.memoryUsage();
  const { matched, mismatched } = deployment.laboratory.status().experiments["proxy"]!;
  process.send!({ rss, heapUsed, matched, mismatched });
});
process.send!(url);
