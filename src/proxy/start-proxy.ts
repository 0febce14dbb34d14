import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { adminServer } from "./admin.ts";
import { ConfigError, told, type ProxyConfig } from "./config/config.ts";
import type { Surroundings } from "./config/files.ts";
import { deploy, tlsOf, tokenOf, type Deployment } from "./deployment.ts";
import { frontServer, type Front } from "./server.ts";

/** A proxy at work. */
export interface RunningProxy {
  /** Where callers come, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Where its own pages are; absent without `admin`. */
  readonly adminUrl: string | undefined;
  /** What is at work now. */
  readonly deployment: Deployment;
  /**
   * Puts a configuration in the place of the one that works: requests that run end as they began. Where it rejects, the old one stays.
   *
   * @throws {ConfigError} {@link SidelaneError} it rejects with
   */
  reload(config: ProxyConfig, around: Surroundings): Promise<void>;
  /** Takes no further request, waits for those that run, `closeMs` at most, and writes what is to be written. */
  close(): Promise<void>;
}

/**
 * @param log receives lines for people
 * @throws {ConfigError} {@link SidelaneError} it rejects with, also where a port is taken
 */
export async function startProxy(
  config: ProxyConfig,
  around: Surroundings,
  log: (line: string) => void,
): Promise<RunningProxy> {
  let deployment = await deploy(config, around, log);
  const ending = new Set<Promise<void>>();
  const { listen = {}, admin } = config;
  const { host = "127.0.0.1", port = 8_080, tls } = listen;
  let front: Front | undefined;
  let adminPages: Server | undefined;
  try {
    front = frontServer(
      () => ({ handler: deployment.compiled.handler, sides: deployment.sides }),
      {
        headersTimeoutMs: listen.headersTimeoutMs ?? 60_000,
        requestTimeoutMs: listen.requestTimeoutMs ?? 300_000,
        keepAliveTimeoutMs: listen.keepAliveTimeoutMs ?? 65_000,
        maxHeaderBytes: listen.maxHeaderBytes ?? 16_384,
        maxConnections: listen.maxConnections ?? Infinity,
      },
      tlsOf(config, around),
    );
    await opened(front.server, host, port, around, "listen.port");
    if (admin !== undefined) {
      adminPages = adminServer(() => deployment, tokenOf(config, around));
      await opened(adminPages, admin.host ?? "127.0.0.1", admin.port, around, "admin.port");
    }
  } catch (error) {
    front?.server.close();
    await deployment.close(100);
    throw error;
  }
  const { server, closeTunnels } = front;
  const pages = adminPages;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closeMs = deployment.config.closeMs ?? 10_000;
    const until = Date.now() + closeMs;
    pages?.close();
    pages?.closeAllConnections();
    await closed(server, closeTunnels, closeMs * 0.7);
    await Promise.all([...ending, deployment.close(Math.max(500, until - Date.now()))]);
  };
  return {
    url: addressOf(server, tls === undefined ? "http" : "https", host),
    adminUrl: pages && addressOf(pages, "http", admin?.host ?? "127.0.0.1"),
    get deployment() {
      return deployment;
    },
    async reload(next, nextAround) {
      const made = await deploy(next, nextAround, log);
      if (closing !== undefined) {
        await made.close(100);
        throw new ConfigError(`${nextAround.place}: it came too late`);
      }
      const before = deployment;
      deployment = made;
      const renewed = tlsOf(next, nextAround);
      if (renewed !== undefined && "setSecureContext" in server) (server as SecureServer).setSecureContext(renewed);
      const end = before.close(before.config.closeMs ?? 10_000);
      ending.add(end);
      void end.finally(() => ending.delete(end));
    },
    close() {
      return (closing ??= close());
    },
  };
}

function opened(server: Server, host: string, port: number, around: Surroundings, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = ({ code, message }: NodeJS.ErrnoException): void => {
      const got = `${host}:${port}`;
      const expected =
        code === "EADDRINUSE" ? "a port that is free"
        : code === "EACCES" ? "a port that this user may open"
        : code === "EADDRNOTAVAIL" || code === "ENOTFOUND" ? "an address of this machine"
        : `one that can be opened (${code ?? message})`;
      reject(new ConfigError(told(around.place, key, expected, got)));
    };
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function addressOf(server: Server, scheme: "http" | "https", host: string): string {
  const { port } = server.address() as AddressInfo;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Takes no connection any more, and waits for requests that run. */
async function closed(server: Server, closeTunnels: () => void, withinMs: number): Promise<void> {
  const isClosed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  // A connection is idle once its last answer is out.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 20);
  closeTunnels();
  const cut = setTimeout(() => {
    server.closeAllConnections();
  }, withinMs);
  await isClosed;
  clearInterval(idle);
  clearTimeout(cut);
}
