import { lagOf } from "./confirm.ts";
import { messageOf } from "./errors.ts";
import type { Comparer } from "./comparer.ts";
import type { WritesServices } from "./services.ts";
import type { Side } from "./side.ts";

const standsTimes = 3;
const mostLooks = 50;
const pauseMs = 20;

type Figures = Readonly<Record<string, unknown>>;

/**
 * The invariants that differ, or that could not be looked at, and how. Each side's are read in one transaction, of one moment; across
 * both sides they are compared only while nothing is on its way, and a difference counts when it stands three times.
 *
 * @param compare of data, for figures that are objects
 */
export async function differingInvariants(services: WritesServices, compare: Comparer): Promise<readonly string[]> {
  const names = Object.keys(services.options.invariants ?? {});
  const open = new Map(names.map((name) => [name, { stood: 0, said: "operations were on their way all the time" }]));
  const behindMs = services.sides.control.changes?.behindMs;
  let waitsMs = pauseMs;
  for (let look = 1; look <= mostLooks && open.size > 0; look++) {
    if (look > 1) await services.sleep(waitsMs);
    waitsMs = pauseMs;
    try {
      const before = await lagOf(services);
      if (before.some(({ rows }) => rows > 0)) continue;
      const [control, candidate] = await Promise.all([
        figuresOf(services, services.sides.control),
        figuresOf(services, services.sides.candidate),
      ]);
      const after = await lagOf(services);
      if (after.some(({ rows, latest }, index) => rows > 0 || latest !== before[index]!.latest)) continue;
      waitsMs = behindMs ?? pauseMs;
      for (const [name, { stood, said: saidBefore }] of open) {
        const said = differenceOf(control[name], candidate[name], compare);
        if (said === undefined) open.delete(name);
        // Of a control that is followed by its changes a figure may be ahead of them.
        else open.set(name, { stood: behindMs === undefined || said === saidBefore ? stood + 1 : 1, said });
      }
    } catch (error) {
      for (const [name, { stood }] of open) open.set(name, { stood: stood + 1, said: messageOf(error) });
    }
    if ([...open.values()].every(({ stood }) => stood >= standsTimes)) break;
  }
  return [...open].map(([name, { said }]) => `${name}: ${said}`);
}

function figuresOf({ options }: WritesServices, side: Side): Promise<Figures> {
  const read = async (tx: unknown): Promise<Figures> => {
    const figures: Record<string, unknown> = {};
    for (const [name, invariant] of Object.entries(options.invariants!)) {
      figures[name] = await invariant[side.name](tx);
    }
    return figures;
  };
  if (side.lookup !== undefined || side.changes !== undefined) return read(undefined);
  return side.transact(async (tx) => {
    await side.store.snapshot?.(tx);
    return read(tx);
  });
}

/** A database's client may return one number as text, another as a number. */
function differenceOf(control: unknown, candidate: unknown, compare: Comparer): string | undefined {
  const said = `control ${shown(control)}, candidate ${shown(candidate)}`;
  const isNone = (figure: unknown): boolean => figure == null || Number.isNaN(figure);
  if (isNone(control) || isNone(candidate)) return `no figure: ${said}`;
  if (isPlain(control) && isPlain(candidate)) return String(control) === String(candidate) ? undefined : said;
  return compare(control, candidate).kind === "match" ? undefined : said;
}

function isPlain(figure: unknown): figure is number | bigint | string | boolean {
  return ["number", "bigint", "string", "boolean"].includes(typeof figure);
}

function shown(figure: unknown): string {
  const text = typeof figure === "object" && figure !== null ? JSON.stringify(figure) : String(figure);
  return text.slice(0, 200);
}
