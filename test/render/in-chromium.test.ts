import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Browser, Page } from "playwright-core";
import { renderHtml } from "../../src/render/index.ts";
import { chromiumPath, openChromium } from "./chromium.ts";
import { pages } from "./pages.ts";

const missing = chromiumPath === undefined ? " (skipped: no Chromium on this machine)" : "";

describe.skipIf(chromiumPath === undefined)(`a page of a result in Chromium${missing}`, { timeout: 120_000 }, () => {
  let browser: Browser;
  let page: Page;
  const said: string[] = [];

  beforeAll(async () => {
    browser = await openChromium();
    page = await browser.newPage({ viewport: { width: 900, height: 600 } });
    page.on("dialog", (dialog) => {
      said.push(dialog.message());
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("request", (request) => said.push(request.url()));
  }, 120_000);
  afterAll(() => browser.close());

  /** A function of the page is sent as text: it has the page's names, not ours. */
  function inPage<Value>(source: string): Promise<Value> {
    return page.evaluate<Value>(source);
  }

  async function show(name: string): Promise<void> {
    said.length = 0;
    const html = await renderHtml(pages[name]!);
    await page.setContent(`<!doctype html><html lang="en"><meta charset="utf-8"><title>page</title>${html}</html>`);
  }

  it.each(Object.keys(pages))("is as wide as the window, hides nothing and runs nothing: %s", async (name) => {
    await show(name);
    const wide = `[...document.querySelectorAll("*")].filter((each) => each.scrollWidth > each.clientWidth && each.clientWidth > 0).map((each) => each.outerHTML.slice(0, 80))`;
    expect(await inPage<string[]>(wide)).toEqual([]);
    const foreign = `document.querySelectorAll("script, img, b, iframe, a, object, link").length`;
    expect(await inPage<number>(foreign)).toBe(0);
    expect(await page.locator("section.sidelane").count()).toBe(1);
    expect(await page.locator("h2").textContent()).toBe(`price: ${pages[name]!.kind}`);
    expect(said).toEqual([]);
  });

  it("has a key that is read from the right before its value, as in every other line", async () => {
    await show("bidi");
    const places = `[...document.querySelectorAll("pre bdi")].map((each) => [each.textContent, each.getBoundingClientRect().left])`;
    const left = new Map(await inPage<(readonly [string, number])[]>(places));
    expect(left.get('"مفتاح"')).toBeLessThan(left.get('"قيمة"')!);
  });

  it("says how many of a thousand differences it shows", async () => {
    await show("thousand-differences");
    expect(await page.locator("tbody tr").count()).toBe(50);
    expect(await page.locator("body").innerText()).toContain("950 more (50 of 1000 shown)");
  });
});
