import { promisify } from "node:util";
import { Laboratory } from "sidelane";

type Callback = (error: Error | null, name?: string) => void;

function oldLookup(id: string, done: Callback): void {
  setImmediate(() => (id === "42" ? done(null, "Ada") : done(new Error(`No user ${id}`))));
}

const newLookup = async (id: string): Promise<string> => {
  if (id !== "42") throw new Error(`No user ${id}`);
  return "Ada ";
};

const lab = new Laboratory({ publishers: [({ kind, context }) => console.log(kind, context)] });

const compared = lab.experiment("lookup", {
  control: promisify(oldLookup) as (id: string) => Promise<string>,
  candidate: newLookup,
  context: (id) => ({ id }),
});

/** What callers have always called: their callback is called once, by control. */
function lookup(id: string, done: Callback): void {
  compared(id).then(
    (name) => done(null, name),
    (error: unknown) => done(error as Error),
  );
}

lookup("42", (error, name) => console.log("callback:", error?.message, name));
lookup("7", (error, name) => console.log("callback:", error?.message, name));
await lab.close();
// Prints:
// callback: undefined Ada
// callback: No user 7 undefined
// mismatch { id: '42' }
// match { id: '7' }
