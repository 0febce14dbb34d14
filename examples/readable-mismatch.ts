import { Laboratory, memoryPublisher } from "sidelane";
import { renderText } from "sidelane/render";

const seen = memoryPublisher();
const lab = new Laboratory({ publishers: [seen] });

const order = lab.experiment("order", {
  control: (id: number) => ({ id, items: [{ sku: "tea", cents: 350 }], total: 350 }),
  candidate: (id) => ({ id, items: [{ sku: "tea", cents: 350 }], total: 3.5 }),
});

order(7);
await lab.close();
const text = await renderText(seen.results[0]!, { width: 80 });
console.log(text.slice(text.indexOf("  $.total (value)")).trimEnd());
// Prints:
//   $.total (value)
//     - 350
//     + 3.5
//
//     {
//       id: 7
//       items: [{ sku: "tea", cents: 350 }]
//   -   total: 350
//   +   total: 3.5
//     }
