import { copyKey } from "./copy.ts";
import { refuse } from "./errors.ts";
import type { WritesEventKind } from "../model/writes-remark.ts";
import type { OutboxRow } from "./outbox/store.ts";
import { directions, type Direction, type WritesServices } from "./services.ts";

/** Who does something, and why; kept in the history. */
export interface ByPerson {
  readonly by: string;
  readonly reason: string;
}

/** What only a person does with operations that are dead. */
export interface Persons {
  retry(id: string, person: ByPerson): Promise<void>;
  repair(key: string, person: ByPerson): Promise<void>;
  skip(id: string, person: ByPerson): Promise<void>;
}

export function persons(services: WritesServices): Persons {
  const { place, authority, emit } = services;

  /** @param subject of which option, and what was given: an id or a key */
  function checkSaid(what: string, subject: Readonly<Record<string, unknown>>, person: ByPerson): void {
    const { by, reason }: Partial<ByPerson> = person ?? {};
    for (const [option, given] of Object.entries({ ...subject, by, reason })) {
      if (typeof given === "string" && given.trim() !== "" && !/[\0\p{Surrogate}]/u.test(given)) continue;
      const expected = "text without NUL or half a surrogate pair";
      refuse(
        "invalid-option",
        `${place}.${what}`,
        `expected \`${option}\` to be ${expected}: it is kept in the history`,
      );
    }
  }

  /** The dead row of an id, whichever side is its authority. */
  async function deadRow(
    what: string,
    id: string,
  ): Promise<{ readonly direction: Direction; readonly row: OutboxRow }> {
    await authority.ready();
    for (const direction of directions(services)) {
      const { from } = direction;
      const [row] = await from.once((tx) => from.store.find(tx, { ...from.stream, id }));
      if (row?.state === "dead") return { direction, row };
    }
    return notDead(what, id);
  }

  function notDead(what: string, id: string): never {
    return refuse("invalid-state", `${place}.${what}`, `no dead operation has the id ${JSON.stringify(id)}`);
  }

  /** Whether this side is the authority of the key now: both sides may have been. */
  async function isAuthority({ from }: Direction, key: string): Promise<boolean> {
    const { bucket } = await from.transact((tx) => from.store.holdHead(tx, { ...from.stream, key, bucket: 0 }));
    await authority.refresh();
    return authority.of(bucket) === from.name;
  }

  function done(
    kind: WritesEventKind,
    { from }: Direction,
    { by, reason }: ByPerson,
    about: { readonly id?: string; readonly keys?: readonly string[] },
  ): void {
    emit({ kind, authority: from.name, by, reason, ...about });
  }

  return {
    async retry(id, person) {
      checkSaid("retry", { id }, person);
      const { direction, row } = await deadRow("retry", id);
      const { from } = direction;
      await from.transact(async (tx) => {
        if (!(await from.store.revive(tx, { ...from.stream, id }))) notDead("retry", id);
        await from.store.note(tx, { ...from.stream, entry: { kind: "retried", subject: id, ...person } });
      });
      done("retried", direction, person, { id, keys: row.keys });
    },

    async skip(id, person) {
      checkSaid("skip", { id }, person);
      const { direction, row } = await deadRow("skip", id);
      const { from, to } = direction;
      const moved = await to.transact(async (tx) => {
        const positions = await to.store.positions(tx, { ...from.stream, keys: row.keys });
        const keys = row.keys.filter((_, index) => row.seqs[index]! > (positions[index]?.seq ?? 0));
        const isNext = row.keys.every((_, index) => row.seqs[index]! <= (positions[index]?.seq ?? 0) + 1);
        if (!isNext) {
          refuse(
            "invalid-state",
            `${place}.skip`,
            `an earlier operation on a key of ${JSON.stringify(id)} is not followed yet`,
          );
        }
        const isMoved = await to.store.advance(tx, { ...from.stream, row, follower: to.name, keys });
        if (!isMoved && keys.length > 0)
          refuse("invalid-state", `${place}.skip`, `${JSON.stringify(id)} is being followed`);
        return isMoved;
      });
      await from.transact(async (tx) => {
        // Of two who skip it at once one does. Where another one has it tried again meanwhile, it is left out all the same.
        if (!(await from.store.revive(tx, { ...from.stream, id })) && !moved) notDead("skip", id);
        await from.store.note(tx, { ...from.stream, entry: { kind: "skipped", subject: id, ...person } });
        await from.store.acknowledge(tx, { ...from.stream, ids: [id] });
      });
      done("skipped", direction, person, { id, keys: row.keys });
    },

    async repair(key, person) {
      checkSaid("repair", { key }, person);
      await authority.ready();
      for (const direction of directions(services)) {
        const { from, to } = direction;
        const dead = await from.once((tx) => from.store.find(tx, { ...from.stream, key }));
        const [head = 0] = await from.once((tx) => from.store.heads(tx, { ...from.stream, keys: [key] }));
        if (dead.length === 0 && (head === 0 || !(await isAuthority(direction, key)))) continue;
        if (to.copy === undefined)
          refuse("invalid-state", `${place}.repair`, `\`${to.name}.copy\` is needed to copy a record`);
        const keys = new Set([key, ...dead.flatMap((row) => row.keys)]);
        for (const each of keys) {
          if (await copyKey(direction, each, dead[0]?.bucket ?? 0)) continue;
          const mend = "Try again once its write has ended, or `lookup` has decided it";
          refuse("invalid-state", `${place}.repair`, `an operation on ${JSON.stringify(each)} is on its way. ${mend}`);
        }
        const ids = dead.map(({ id }) => id);
        await from.transact(async (tx) => {
          await from.store.note(tx, { ...from.stream, entry: { kind: "repaired", subject: key, ...person } });
          for (const id of ids) await from.store.revive(tx, { ...from.stream, id });
        });
        done("repaired", direction, person, { keys: [...keys] });
        return;
      }
      refuse("invalid-state", `${place}.repair`, `no operation on ${JSON.stringify(key)} was ever taken down`);
    },
  };
}
