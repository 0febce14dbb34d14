import { Laboratory } from "sidelane";

interface User {
  readonly id: string;
  readonly name: string;
  readonly loadedAt: number;
}

const legacy = new Map([["42", "Ada Lovelace"]]);

async function findInLegacy(id: string): Promise<User> {
  const name = legacy.get(id);
  if (name === undefined) throw new Error(`No user ${id}`);
  return { id, name, loadedAt: Date.now() };
}

async function findInService(id: string): Promise<User> {
  const response = await Promise.resolve({ status: id === "42" ? 200 : 404 }); // a call over the network
  if (response.status === 404) throw new Error(`User ${id} not found`);
  return { id, name: "Ada  Lovelace", loadedAt: Date.now() + 1 };
}

const lab = new Laboratory({
  publishers: [
    ({ experiment, context, kind, candidates: [{ comparison }] }) => {
      const where = comparison.kind === "mismatch" ? comparison.differences.map(({ path }) => path) : [];
      console.log(experiment, context, kind, where);
    },
  ],
});

const findUser = lab.experiment("find-user", {
  control: findInLegacy,
  candidate: findInService,
  context: (id) => ({ user: id }),
  compare: {
    ignore: ["$.loadedAt"],
    errors: () => true, // that both refuse is enough
  },
});

console.log((await findUser("42")).name);
await findUser("7").catch((error: unknown) => console.log(String(error)));
await lab.close();
// Prints:
// Ada Lovelace
// Error: No user 7
// find-user { user: '42' } mismatch [ '$.name' ]
// find-user { user: '7' } match []
