import { Laboratory } from "sidelane";
import { experiments } from "sidelane/recipes";

interface User {
  readonly id: string;
  readonly name: string;
  readonly loadedAt: number;
}

class SqlUsers {
  #rows = new Map([["42", "Ada"]]);

  async find(id: string): Promise<User | undefined> {
    const name = this.#rows.get(id);
    return name === undefined ? undefined : { id, name, loadedAt: Date.now() };
  }

  async save(user: User): Promise<void> {
    this.#rows.set(user.id, user.name);
  }

  get size(): number {
    return this.#rows.size;
  }
}

class DocumentUsers {
  readonly documents: Record<string, User> = { 42: { id: "42", name: "Ada", loadedAt: 0 } };

  async find(id: string): Promise<User | undefined> {
    return this.documents[id];
  }
}

const lab = new Laboratory({
  publishers: [({ experiment, kind, context }) => console.log(experiment, kind, context)],
});

// Every method runs on both sides but those that say `false`: `save` writes.
const users = experiments(
  lab,
  { control: new SqlUsers(), candidate: new DocumentUsers(), name: "users" },
  { find: { compare: { ignore: ["**.loadedAt"] }, context: (id) => ({ id }) }, save: false },
);

await users.save({ id: "7", name: "Grace", loadedAt: 0 });
console.log((await users.find("42"))?.name, (await users.find("7"))?.name, users.size);
await lab.close();
// Prints:
// Ada Grace 2
// users.find match { id: '42' }
// users.find mismatch { id: '7' }
