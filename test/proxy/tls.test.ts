import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, it } from "vitest";
import { checkConfig } from "../../src/proxy/config/config.ts";
import { Surroundings } from "../../src/proxy/config/files.ts";
import { says, service } from "../http/servers.ts";
import { proxied } from "./proxies.ts";

/** The name in the certificate that a new connection is shown, and what is answered. */
function asked(port: number): Promise<{ name: string; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    let [name, text] = ["", ""];
    socket.on("secureConnect", () => {
      name = String(socket.getPeerCertificate().subject.CN);
      socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    });
    socket.setEncoding("latin1").on("data", (more: string) => (text += more));
    socket.on("error", reject).on("close", () => {
      resolve({ name, text });
    });
  });
}

it.skipIf(spawnSync("openssl", ["version"]).status !== 0)(
  "callers come by TLS, and are shown a renewed certificate once the configuration is read anew (skipped without openssl)",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "sidelane-proxy-tls-"));
    try {
      const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
      const certify = (name: string): void => {
        const given = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
        expect(spawnSync("openssl", ["req", ...given, "-keyout", key, "-out", cert]).status).toBe(0);
      };
      const control = await service(says("a"));
      const config = {
        control: control.url,
        candidate: control.url,
        silence: false,
        listen: { port: 0, tls: { cert, key } },
      };
      certify("first");
      const proxy = await proxied(config);
      expect(proxy.url).toMatch(/^https:/);
      const first = await asked(proxy.port);
      expect(first.name).toBe("first");
      expect(first.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      certify("second");
      expect((await asked(proxy.port)).name).toBe("first");
      await proxy.reload(checkConfig(config, "proxy.json"), new Surroundings("proxy.json", folder));
      const second = await asked(proxy.port);
      expect(second.name).toBe("second");
      expect(second.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
