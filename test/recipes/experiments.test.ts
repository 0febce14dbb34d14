import { describe, expect, it } from "vitest";
import { Laboratory, memoryPublisher, SidelaneError } from "../../src/index.ts";
import { experiments } from "../../src/recipes/index.ts";

interface User {
  readonly id: string;
  readonly name: string;
}

class Base {
  readonly calls: string[] = [];

  describe(): string {
    return `${this.constructor.name} of ${this.kind}`;
  }

  get kind(): string {
    return "base";
  }
}

class OldUsers extends Base {
  static readonly table = "users";
  #rows = new Map<string, User>([["1", { id: "1", name: "Ada" }]]);
  limit = 10;

  get size(): number {
    return this.#rows.size;
  }

  set only(id: string) {
    this.#rows = new Map([...this.#rows].filter(([key]) => key === id));
  }

  override get kind(): string {
    return "users";
  }

  async find(id: string): Promise<User | undefined> {
    this.calls.push(`find ${id}`);
    return this.#rows.get(id);
  }

  count(): number {
    return this.#count();
  }

  #count(): number {
    return this.#rows.size;
  }

  save(user: User): this {
    this.#rows.set(user.id, user);
    return this;
  }

  ids = (): string[] => [...this.#rows.keys()];
}

class NewUsers {
  #rows: Record<string, User> = { "1": { id: "1", name: "Ada!" } };
  saved = 0;

  async find(id: string): Promise<User | undefined> {
    return this.#rows[id];
  }
  count(): number {
    return Object.keys(this.#rows).length;
  }
  ids(): string[] {
    return Object.keys(this.#rows);
  }
  save(user: User): never {
    this.saved += 1;
    throw new Error(`must not run for ${user.id}`);
  }
  describe(): string {
    return "OldUsers of users";
  }
}

function wrapped() {
  const seen = memoryPublisher();
  const lab = new Laboratory({ publishers: [seen] });
  const [control, candidate] = [new OldUsers(), new NewUsers()];
  const users = experiments(lab, { control, candidate }, { save: false });
  const kinds = async () => {
    await lab.settled();
    return seen.results.map(({ experiment, kind }) => `${experiment} ${kind}`);
  };
  return { lab, control, candidate, users, kinds };
}

describe("an object that is wrapped", () => {
  it("compares asynchronous and synchronous methods, each under its own name, with private members on both sides", async () => {
    const { users, kinds } = wrapped();
    expect(await users.find("1")).toEqual({ id: "1", name: "Ada" });
    expect(users.count()).toBe(1);
    expect(users.ids()).toEqual(["1"]);
    expect(users.describe()).toBe("OldUsers of users");
    const told = await kinds();
    expect(told.sort()).toEqual([
      "OldUsers.count match",
      "OldUsers.describe match",
      "OldUsers.find mismatch",
      "OldUsers.ids match",
    ]);
  });

  it("leaves a method alone that is said to be control's", async () => {
    const { users, control, candidate, lab, kinds } = wrapped();
    expect(users.save({ id: "2", name: "Grace" })).toBe(control);
    expect(candidate.saved).toBe(0);
    expect(users.size).toBe(2);
    expect(await kinds()).toEqual([]);
    expect(Object.keys(lab.status().experiments)).not.toContain("OldUsers.save");
  });

  it("is read and written like control: getters, setters, fields, `in`, keys and `instanceof`", () => {
    const { users, control } = wrapped();
    expect(users.size).toBe(1);
    expect(users.kind).toBe("users");
    users.limit = 20;
    expect(control.limit).toBe(20);
    users.only = "none";
    expect(users.size).toBe(0);
    expect(users).toBeInstanceOf(OldUsers);
    expect(users.constructor).toBe(OldUsers);
    expect("limit" in users && !("nothing" in users)).toBe(true);
    expect(Object.keys(users)).toEqual(Object.keys(control));
    delete (users as Partial<OldUsers>).limit;
    expect(Object.hasOwn(control, "limit")).toBe(false);
  });

  it("calls control on control when a method is taken off it, and is the same function each time", async () => {
    const { users, control } = wrapped();
    const { find, save } = users;
    expect(await find("1")).toEqual({ id: "1", name: "Ada" });
    expect(control.calls).toEqual(["find 1"]);
    expect(save({ id: "3", name: "Lin" })).toBe(control);
    expect(users.save).toBe(users.save);
    expect([users.find.name, users.find.length]).toEqual(["find", 1]);
  });

  it("hands on control's own error, and calls a method as it is by then", async () => {
    const { users, control } = wrapped();
    const error = new Error("out of order");
    control.count = () => {
      throw error;
    };
    expect(() => users.count()).toThrow(error);
  });

  it("may be frozen, and may have what is read only once", async () => {
    const lab = new Laboratory();
    let reads = 0;
    const control = Object.freeze({
      double: (n: number) => 2 * n,
      get counted() {
        return ++reads;
      },
      [Symbol.toPrimitive]: () => 7,
    });
    const twice = experiments(lab, { control, candidate: { double: (n: number) => n + n }, name: "twice" });
    expect(reads).toBe(0);
    expect(twice.double(4)).toBe(8);
    expect(twice.counted).toBe(1);
    expect(Number(twice)).toBe(7);
    expect(JSON.stringify(Object.keys(twice))).toBe('["double","counted"]');
    expect(lab.status().experiments["twice.double"]).toMatchObject({ calls: 1, matched: 1 });
  });

  it("can be awaited, and a query that is a thenable is not run by that", async () => {
    const { users } = wrapped();
    expect(await Promise.resolve(users)).toBe(users);
    let runs = 0;
    const query = { where: () => 1, then: (done: (rows: number) => void): void => done(++runs) };
    const stand = experiments(new Laboratory(), {
      control: query,
      candidate: { where: () => 1, then: () => undefined },
      name: "query",
    });
    expect(runs).toBe(0);
    expect(await stand).toBe(1);
  });

  it("takes options for each method", async () => {
    const seen = memoryPublisher();
    const lab = new Laboratory({ publishers: [seen] });
    const users = experiments(
      lab,
      { control: new OldUsers(), candidate: new NewUsers(), name: "users" },
      { find: { compare: { ignore: ["$.name"] }, context: (id) => ({ id }) }, save: false, count: { sample: 0 } },
    );
    await users.find("1");
    users.count();
    await lab.settled();
    expect(seen.results.map(({ experiment, kind, context }) => ({ experiment, kind, context }))).toEqual([
      { experiment: "users.find", kind: "match", context: { id: "1" } },
    ]);
    expect(lab.status().experiments["users.count"]!.skips).toEqual({ "sampled-out": 1 });
  });
});

describe("the types of sides", () => {
  it("ask for each of control's methods, or for `false`, and for what it takes and returns", () => {
    const lab = new Laboratory();
    const control = { find: async (id: string) => id.length, save: (id: string): void => expect(id).toBe("") };
    experiments(lab, { control, candidate: { find: (id: string) => id.length }, name: "a" }, { save: false });
    experiments(lab, { control, candidate: { find: async () => 1, save: () => undefined }, name: "b" });
    // @ts-expect-error `save` is missing, and is not said to be control's
    experiments(lab, { control, candidate: { find: async () => 1 }, name: "c" });
    // @ts-expect-error another type is returned
    experiments(lab, { control, candidate: { find: async () => "1", save: () => undefined }, name: "d" });
    // @ts-expect-error other arguments are taken
    experiments(lab, { control, candidate: { find: async (id: number) => id, save: () => undefined }, name: "e" });
    const stand: typeof control = experiments(lab, { control, candidate: control, name: "f" });
    expect(Object.keys(lab.status().experiments).sort()).toContain("f.save");
    expect(stand).toBeDefined();
  });
});

describe("what cannot be wrapped is refused", () => {
  const lab = new Laboratory();
  const refusal = (sides: unknown, perMethod?: unknown): string => {
    try {
      experiments(lab, sides as never, perMethod as never);
      return "not refused";
    } catch (error) {
      expect(error).toBeInstanceOf(SidelaneError);
      return (error as Error).message;
    }
  };

  it.each([
    ["no object", [{ control: 1, candidate: {} }], "expected `control` to be an object, got 1"],
    ["no candidate", [{ control: new OldUsers() }], "expected `candidate` to be an object, got undefined"],
    ["a plain object without a name", [{ control: { a: () => 1 }, candidate: { a: () => 1 } }], "expected `name`"],
    ["an option that is none", [{ control: new OldUsers(), candidate: new NewUsers(), nam: "x" }], "nam"],
    ["a method that is none", [{ control: new OldUsers(), candidate: new NewUsers() }, { fnd: {} }], "find"],
    [
      "options for a method that the candidate does not have",
      [{ control: new OldUsers(), candidate: { find: () => 1 } }, { count: {} }],
      "expected `candidate.count` to be a method, got undefined",
    ],
    [
      "an option of a method that is none",
      [{ control: new OldUsers(), candidate: new NewUsers() }, { find: { sampl: 1 } }],
      "sample",
    ],
  ] as const)("%s", (_, [sides, perMethod], message) => {
    expect(refusal(sides, perMethod)).toContain(message);
  });
});
