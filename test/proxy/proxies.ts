import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { checkConfig } from "../../src/proxy/config/config.ts";
import { Surroundings } from "../../src/proxy/config/files.ts";
import { startProxy, type RunningProxy } from "../../src/proxy/start-proxy.ts";

const ending: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

export interface TestProxy extends RunningProxy {
  readonly port: number;
  /** Lines for people so far. */
  readonly lines: readonly string[];
  /** Where its files are. */
  readonly folder: string;
}

/** A proxy on a port of its own, which the end of the test closes. Results go to `results.ndjson` of its folder. */
export async function proxied(config: object): Promise<TestProxy> {
  const folder = mkdtempSync(join(tmpdir(), "sidelane-proxy-"));
  const lines: string[] = [];
  const whole = { results: join(folder, "results.ndjson"), silence: false, noise: false, closeMs: 1_000, ...config };
  if ("results" in config && config.results === undefined) delete (whole as { results?: string }).results;
  const listen = { port: 0, ...("listen" in config && (config.listen as object)) };
  const running = await startProxy(
    checkConfig({ ...whole, listen }, "proxy.json"),
    new Surroundings("proxy.json", folder),
    (line) => lines.push(line),
  );
  ending.push(async () => {
    await running.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return Object.assign(Object.create(running) as RunningProxy, {
    ...{ port: Number(new URL(running.url).port), lines, folder, url: running.url, adminUrl: running.adminUrl },
  });
}

/**
 * Writes bytes to a port and reads all that comes back, until the connection ends or nothing came for a while.
 *
 * @param parts written one after another, some milliseconds apart
 */
export function said(
  port: number,
  parts: string | readonly string[],
  quietMs = 300,
): Promise<{ text: string; ended: boolean; error: string | undefined }> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    let error: string | undefined;
    let timer: NodeJS.Timeout | undefined = undefined;
    const over = (ended: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, ended, error });
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          over(false);
          // A slow machine may take its time for the first byte.
        },
        text === "" ? Math.max(quietMs, 5_000) : quietMs,
      );
    };
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      wait();
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      error = code;
      over(true);
    });
    socket.on("close", () => {
      over(true);
    });
    void (async () => {
      for (const part of typeof parts === "string" ? [parts] : parts) {
        socket.write(part, "latin1");
        await new Promise((go) => setTimeout(go, 20));
      }
      wait();
    })();
  });
}
