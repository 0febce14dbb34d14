// Draws each page of test/render/pages.ts in Chromium, into docs/pages. Run: npm run docs:screenshots
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderHtml } from "../src/render/index.ts";
import { openChromium } from "../test/render/chromium.ts";
import { pages } from "../test/render/pages.ts";

const folder = fileURLToPath(new URL("../docs/pages/", import.meta.url));
mkdirSync(folder, { recursive: true });
const browser = await openChromium();
const page = await browser.newPage({ viewport: { width: 900, height: 200 } });
for (const [name, result] of Object.entries(pages)) {
  await page.setContent(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title>${await renderHtml(result)}</html>`,
  );
  const { height } = (await page.locator(".sidelane").boundingBox())!;
  await page.setViewportSize({ width: 900, height: Math.min(2_600, Math.ceil(height) + 16) });
  await page.screenshot({ path: `${folder}${name}.png` });
  await page.setViewportSize({ width: 900, height: 200 });
}
await browser.close();
