import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { bodyOf } from "../../src/report/html.ts";
import { LiveModel } from "../../src/report/live-model.ts";
import { changesOf, nodesOf, type NodeChange } from "../../src/report/page-changes.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";

/** What the page's script makes of them, on texts as a browser has them. */
function applied(nodes: readonly string[], changes: readonly NodeChange[]): string[] {
  const all = [...nodes];
  const plain = (text: string): string =>
    text.replace(
      /&(lt|gt|amp|quot|#39);/g,
      (sign) => ({ "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&#39;": "'" })[sign]!,
    );
  const cut = (text: string, at: number, dropped: number, added: string): string =>
    text.slice(0, at) + added + text.slice(at + dropped);
  for (const [index, name, ...change] of changes) {
    if (name === "") all[index] = cut(plain(all[index]!), ...change);
    else all[index] = all[index]!.replace(new RegExp(`(?<= ${name}=")[^"]*`), (value) => cut(plain(value), ...change));
  }
  return all.map(plain);
}

describe("what is another on a page", () => {
  it("is told by node, attribute and place", () => {
    const before = nodesOf('<p class="a">1 &lt; 2 calls</p>\n<rect x="1.5" y="2"/><p>same</p>');
    const after = nodesOf('<p class="b">1 &lt; 30 calls</p>\n<rect x="1.75" y="2"/><p>same</p>');
    expect(before).toHaveLength(5);
    expect(changesOf(before, after)).toEqual([
      [0, "class", 0, 1, "b"],
      [1, "", 4, 1, "30"],
      [2, "x", 2, 0, "7"],
    ]);
    expect(changesOf(before, before)).toEqual([]);
  });

  it.each([
    ["an element more", "<p>1</p>", "<p>1</p><p>2</p>"],
    ["another element", "<p>1</p>", "<b>1</b>"],
    ["another attribute", '<p class="a">1</p>', '<p lang="a">1</p>'],
    ["another place to link to", '<p id="a">1</p>', '<p id="b">1</p>'],
    ["another kind of mismatch in a row", "<code>v2-a</code>", "<code>v2-b</code>"],
    ["a text where an element was", "<p><b></b></p>", "<p>1</p>"],
  ])("is nothing that can be told where there is %s", (_, before, after) => {
    expect(changesOf(nodesOf(before), nodesOf(after))).toBeUndefined();
  });

  it("makes of one page the next, of a laboratory that goes on", async () => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    const call = lab.experiment("price <b> & \"'", {
      control: (n: number): unknown => ({ n }),
      candidate: (n: number): unknown => ({ n: n % 7 === 0 ? String(n) : n }),
      enabled: (n: number) => n % 3 !== 0,
    });
    const live = new LiveModel(lab, clock);
    const looked = async (calls: number): Promise<readonly string[]> => {
      for (let n = 0; n < calls; n++) call(n);
      await lab.settled();
      return nodesOf(bodyOf(live.look().model()));
    };
    for (let minute = 0; minute < 3; minute++) {
      await looked(30);
      await clock.advanceAsync(60_000);
    }
    const before = await looked(100);
    const after = await looked(40);
    const changes = changesOf(before, after)!;
    expect(changes.length).toBeGreaterThan(10);
    // A small part of the page.
    expect(JSON.stringify(changes).length).toBeLessThan(after.join("").length / 4);
    expect(applied(before, changes)).toEqual(applied(after, []));
    await lab.close();
  });
});
