// Draws each page of test/render/pages.ts in Chromium, into docs/pages. Run: npm run docs:screenshots
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderHtml } from "../src/render/index.ts";
import { openChromium } from "../test/render/chromium.ts";
import { htmlOf } from "../src/report/index.ts";
import { states } from "../test/report/states.ts";
import { pages } from "../test/render/pages.ts";

const folder = fileURLToPath(new URL("../docs/pages/", import.meta.url));
mkdirSync(folder, { recursive: true });
const browser = await openChromium();
const page = await browser.newPage({ viewport: { width: 900, height: 200 } });
// Names after the command draw those alone: `npm run docs:screenshots -- mixed ready`.
const asked = new Set(process.argv.slice(2));
const isAsked = (name: string): boolean => asked.size === 0 || asked.has(name);
for (const [name, result] of Object.entries(pages)) {
  if (!isAsked(name)) continue;
  await page.setContent(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title>${await renderHtml(result)}</html>`,
  );
  const { height } = (await page.locator(".sidelane").boundingBox())!;
  await page.setViewportSize({ width: 900, height: Math.min(2_600, Math.ceil(height) + 16) });
  await page.screenshot({ path: `${folder}${name}.png` });
  await page.setViewportSize({ width: 900, height: 200 });
}
await page.close();

// A report's page in each of its states, narrow and wide, in both color schemes.
for (const [name, make] of Object.entries(states)) {
  if (!isAsked(name)) continue;
  const html = await htmlOf(await make());
  for (const width of [390, 1_280]) {
    for (const colorScheme of ["light", "dark"] as const) {
      const context = await browser.newContext({ viewport: { width, height: 2_200 }, colorScheme, bypassCSP: true });
      const report = await context.newPage();
      await report.setContent(html);
      // What is below the window is drawn, too.
      await report.addStyleTag({ content: "main>section{content-visibility:visible!important}" });
      const height = await report.evaluate<number>("Math.ceil(document.body.getBoundingClientRect().height)");
      await report.screenshot({
        path: `${folder}report-${name}-${width}-${colorScheme}.png`,
        clip: { x: 0, y: 0, width, height: Math.min(2_200, height) },
        fullPage: true,
      });
      await context.close();
    }
  }
}
await browser.close();
