import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toNodeListener } from "../../src/http/index.ts";
import { Laboratory } from "../../src/index.ts";
import { systemClock, type Clock } from "../../src/model/clock.ts";
import { dashboard } from "../../src/report/index.ts";
import { chromiumPath, openChromium } from "../render/chromium.ts";

const missing = chromiumPath === undefined ? " (skipped: no Chromium on this machine)" : "";

describe.skipIf(chromiumPath === undefined)(`a live page in Chromium${missing}`, { timeout: 240_000 }, () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await openChromium()), 240_000);
  afterAll(() => browser.close());

  it("changes its numbers in place, and is then what it would be if it were loaded anew", async () => {
    // The time of day stands still: another minute would be another row.
    const clock: Clock = { ...systemClock, now: () => Date.UTC(2026, 0, 1) };
    // A look is followed by 200 times what it cost, by a clock that goes on when it is told to.
    let later = 0;
    const pace: Clock = { ...clock, monotonic: () => later };
    const lab = new Laboratory({ clock });
    const price = lab.experiment("price", {
      control: (n: number): unknown => ({ n }),
      candidate: (n: number): unknown => ({
        n:
          n % 7 === 0 ? String(n)
          : n % 11 === 0 ? null
          : n,
      }),
      enabled: (n: number) => n % 5 !== 0,
      about: { owner: "pricing" },
    });
    lab.experiment("user <b>", { control: () => 1, candidate: () => 1 })();
    let done = 0;
    const call = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n++) price((done += 1));
      await lab.settled();
      later += 100_000;
    };
    const handler = dashboard({ laboratory: lab, clock: pace, authorize: () => ({ by: "ada" }) });
    const server = createServer(toNodeListener(handler));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const context = await browser.newContext();
    const said: string[] = [];
    // A course over time is drawn from the second look on.
    for (const calls of [200, 30]) {
      await call(calls);
      await (await fetch(url)).text();
    }
    const opened = async () => {
      const page = await context.newPage();
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(String(error)));
      await page.goto(url);
      return page;
    };
    try {
      const page = await opened();
      await page.evaluate("window.isTheSame = true");
      // Somebody is in the middle of something, and sorts.
      await page.locator("#experiment-price table.groups th button").first().click();
      await page.locator("#experiment-price details").first().locator("summary").click();
      for (const calls of [40, 60]) {
        await call(calls);
        await page.getByText(`${done} calls →`).first().waitFor({ timeout: 30_000 });
      }
      expect(await page.evaluate("window.isTheSame")).toBe(true);
      expect(await page.locator(".news").isVisible()).toBe(false);
      expect(await page.locator("#experiment-price details").first().getAttribute("open")).toBe("");
      const fresh = await opened();
      await fresh.locator("#experiment-price table.groups th button").first().click();
      await fresh.locator("#experiment-price details").first().locator("summary").click();
      const shown = `[...document.querySelectorAll("nav, main")].map((each) => each.outerHTML.replace(/token" value="[^"]*/g, "")).join("")`;
      expect(await page.evaluate<string>(shown)).toBe(await fresh.evaluate<string>(shown));

      // Another kind of mismatch is another row: it is offered to who is in the middle of something, and shown at once otherwise.
      lab.experiment("newcomer", { control: () => 1, candidate: () => 1 })();
      later += 100_000;
      await page.locator(".news button").waitFor({ timeout: 30_000 });
      await page.locator(".news button").click();
      await page.locator("#experiment-newcomer").first().waitFor();
      const idle = await opened();
      lab.experiment("later", { control: () => 1, candidate: () => 1 })();
      later += 100_000;
      await idle.locator("#experiment-later").first().waitFor({ timeout: 30_000 });
      expect(said).toEqual([]);
    } finally {
      await context.close();
      server.closeAllConnections();
      server.close();
      await lab.close();
    }
  });
});
