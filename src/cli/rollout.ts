import { nearest } from "../model/check-options.ts";
import { SidelaneError } from "../model/errors.ts";
import { visible } from "../model/visible-text.ts";
import { commandStored, forgetStored, readStored, type StoredCommand } from "../rollout/stored-command.ts";
import { helpOf, parseArguments, UsageError, type CliOption } from "./arguments.ts";
import type { CliIo } from "./io.ts";
import { openStore } from "./open-store.ts";
import { changeText, statusText } from "./rollout-text.ts";

// One for all commands, so that however many there are, the store has one row of them.
const reader = "sidelane-rollout";

const options: Readonly<Record<string, CliOption>> = {
  store: {
    takes: "url",
    says: "where the state is: file:<folder>, postgres://…[?schema=…] or redis://…[?prefix=…]; SIDELANE_STORE by default",
  },
  by: { takes: "who", says: "who asks; all but status need it" },
  reason: { takes: "why", says: "why, for the history; all but status need it" },
  json: { says: "print status as JSON" },
  help: { says: "print this" },
};

/** What each does, for help. */
const actions: Readonly<Record<StoredCommand | "status" | "forget", string>> = {
  status: "where it stands, what was judged last, what happened, and how parallel writes of that name stand",
  advance: "one step on, whatever the evidence says; never to complete",
  pause: "it takes no further step, and keeps what it has",
  resume: "it goes on from where it was paused",
  "step-back": "one step back, from any stage above off",
  rollback: "back to shadow at once, and latched there",
  clear: "takes the latch of a rollback away; evidence starts afresh",
  complete: "the candidate alone, from live, and after its time there",
  forget: "removes all that the store has of it; end its processes first, since one that runs writes it again",
};

const help = (): string =>
  helpOf(
    "sidelane rollout <action> <experiment> --store <url> --by <who> --reason <why>",
    [
      "Steers a rollout by the state that its store keeps, without the program: all processes follow within some 10 s.",
      "Exits with 0 where it was done, 1 where it was refused, the store has no such rollout or is out of reach, and 2 where it was",
      "used wrongly.",
      "",
      "Actions:",
      ...Object.entries(actions).map(([name, says]) => `  ${name.padEnd(9)}  ${says}`),
    ].join("\n"),
    options,
    [
      "sidelane rollout status price --store postgres://sidelane@db.internal/app",
      "sidelane rollout rollback price --store redis://cache.internal --by ada --reason 'totals are off by a cent'",
      "sidelane rollout advance price --store file:/var/lib/shop/rollouts --by ada --reason 'looked at the diffs'",
    ],
  );

/** `sidelane rollout`. @returns the code to exit with */
export async function rollout(given: readonly string[], io: CliIo): Promise<number> {
  const { files, options: chosen } = parseArguments("rollout", given, options);
  if (chosen["help"]) {
    io.out(help());
    return 0;
  }
  const [action, experiment, ...rest] = files;
  if (action === undefined)
    throw new UsageError(`sidelane rollout: name an action: ${Object.keys(actions).join(", ")}`);
  if (!isAction(action)) {
    const near = nearest(action, Object.keys(actions));
    const hint = near === undefined ? `; there are ${Object.keys(actions).join(", ")}` : `; did you mean ${near}?`;
    throw new UsageError(`sidelane rollout: there is no action ${action}${hint}`);
  }
  if (experiment === undefined || experiment === "" || rest.length > 0) {
    throw new UsageError(`sidelane rollout: name one experiment, such as sidelane rollout ${action} price`);
  }
  const last = (name: string): string | undefined => chosen[name]?.at(-1);
  const address = last("store") ?? io.env["SIDELANE_STORE"];
  if (address === undefined || address === "") throw new UsageError("sidelane rollout: --store needs a url");
  if (chosen["json"] && action !== "status") throw new UsageError("sidelane rollout: --json goes with status alone");
  const command = action === "status" ? undefined : commandOf(action, last("by"), last("reason"));
  try {
    const { store, close } = await openStore(address);
    try {
      if (command === undefined) return await status(experiment, chosen["json"] !== undefined);
      if (action === "forget") return await forget(experiment);
      const done = await commandStored(store, experiment, action as StoredCommand, command, reader);
      if (done === undefined) return nothing(experiment);
      io.out(changeText(experiment, done.before, done.after));
      return 0;

      async function status(name: string, asJson: boolean): Promise<number> {
        const stored = await readStored(store, name, reader);
        if (stored === undefined) return nothing(name);
        io.out(asJson ? `${JSON.stringify(stored, null, 2)}\n` : statusText(name, stored));
        return 0;
      }
      async function forget(name: string): Promise<number> {
        if (!(await forgetStored(store, name, reader))) return nothing(name);
        io.out(`${visible(name)}: forgotten, as ${visible(command!.by)} asked: ${visible(command!.reason)}\n`);
        return 0;
      }
    } finally {
      await close();
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof SidelaneError && error.code === "invalid-option")
      throw new UsageError(`sidelane rollout: ${error.message.replace(/^ramp: /, "")}`);
    const isOurs = error instanceof SidelaneError;
    io.err(
      visible(`sidelane rollout: ${isOurs ? error.message : `the store failed: ${messageOf(error, address)}`}`) + "\n",
    );
    return 1;
  }

  function nothing(name: string): number {
    io.err(
      `sidelane rollout: the store has no rollout of ${visible(name)}; names are those of experiments, to the letter\n`,
    );
    return 1;
  }
}

function isAction(name: string): name is keyof typeof actions {
  return Object.hasOwn(actions, name);
}

/** @throws {UsageError} where it is not said who asks, or why */
function commandOf(action: string, by: string | undefined, reason: string | undefined): { by: string; reason: string } {
  if (by === undefined || by.trim() === "") throw new UsageError(`sidelane rollout: ${action} needs --by <who>`);
  if (reason === undefined || reason.trim() === "")
    throw new UsageError(`sidelane rollout: ${action} needs --reason <why>`);
  return { by, reason };
}

/** What a driver says, without the password of the address. */
function messageOf(error: unknown, address: string): string {
  const { message = String(error), code } = (error ?? {}) as { message?: string; code?: string };
  const [, password] = /:\/\/[^@/]*?:([^@/]*)@/.exec(address) ?? [];
  const text = message === "" ? (code ?? "unknown") : message;
  return password ? text.replaceAll(password, "…") : text;
}
