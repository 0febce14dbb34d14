import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { Laboratory, type Fault } from "../../../src/index.ts";

function laboratory() {
  const faults: Fault[] = [];
  const skips: string[] = [];
  const lab = new Laboratory({
    onFault: (fault) => faults.push(fault),
    publishers: [
      { name: "skips", publish: () => undefined, onSkip: (name, reason) => void skips.push(`${name} ${reason}`) },
    ],
  });
  return { lab, faults, skips };
}

describe("a wrapped control", () => {
  it("has control's name, length, prototype and properties of its own", () => {
    const { lab, faults } = laboratory();
    class Parent {}
    const control = Object.assign((one: number, other: number): number => one + other, { version: 3 });
    Object.setPrototypeOf(control, Parent);
    Object.defineProperty(control, "hidden", { value: 4 });
    const wrapped = lab.experiment("sum", { control, candidate: control });
    expect(wrapped(1, 2)).toBe(3);
    expect(Object.getPrototypeOf(wrapped)).toBe(Parent);
    expect(Object.getOwnPropertyDescriptors(wrapped)).toEqual(Object.getOwnPropertyDescriptors(control));
    expect(faults).toEqual([]);
  });

  it("that is called with `new` runs control alone, as the constructor that was called, and is counted", async () => {
    const { lab, skips } = laboratory();
    let runs = 0;
    function Point(this: { x: number }, x: number): void {
      this.x = x;
    }
    const Wrapped = lab.experiment("Point", {
      control: Point as never,
      candidate: (): unknown => (runs += 1),
    }) as unknown as new (x: number) => { readonly x: number };
    class Sub extends Wrapped {}
    expect(new Sub(4)).toBeInstanceOf(Sub);
    expect(new Sub(4)).toBeInstanceOf(Point);
    expect(new Wrapped(3).x).toBe(3);
    await lab.settled();
    expect(runs).toBe(0);
    expect(lab.status().experiments["Point"]).toMatchObject({ calls: 3, started: 0, skips: { constructed: 3 } });
    expect(skips).toEqual(["Point constructed", "Point constructed", "Point constructed"]);
  });

  it("that can be called both ways is compared when it is called without `new`", () => {
    const { lab } = laboratory();
    function double(this: unknown, n: number): number {
      return 2 * n;
    }
    const wrapped = lab.experiment("double", { control: double, candidate: (n: number) => n + n });
    expect(wrapped(4)).toBe(8);
    expect(lab.status().experiments["double"]).toMatchObject({ calls: 1, matched: 1, skips: {} });
  });

  it("that does not let itself be looked at works all the same, and that is a fault", () => {
    const { lab, faults } = laboratory();
    const boom = new Error("refused");
    const control = new Proxy((n: number) => n, {
      ownKeys: () => {
        throw boom;
      },
    });
    const wrapped = lab.experiment("proxy", { control, candidate: (n) => n });
    expect(wrapped(5)).toBe(5);
    expect(faults).toEqual([{ operation: "internal", error: boom, experiment: "proxy" }]);
    expect(lab.status().experiments["proxy"]).toMatchObject({ matched: 1, faults: { internal: 1 } });
  });
});

describe("a wrapped class", () => {
  class Shop {
    static #known = 0;
    static limit = 5;
    static add(): number {
      return (Shop.#known += 1);
    }
    static get known(): number {
      return this.#known;
    }
    static addTo(count: number): number {
      return (this.#known += count);
    }
  }

  it("has static methods that use private members of the class", () => {
    const { lab, faults } = laboratory();
    const control = Shop as never;
    const Wrapped = lab.experiment("shop", { control, candidate: control }) as unknown as typeof Shop;
    expect([Wrapped.add(), Wrapped.addTo(2), Wrapped.known, Shop.known]).toEqual([1, 3, 3, 3]);
    expect([Wrapped.addTo.name, Wrapped.addTo.length, Wrapped.limit]).toEqual(["addTo", 1, 5]);
    expect(new Wrapped()).toBeInstanceOf(Shop);
    expect(faults).toEqual([]);
  });

  it("has the metadata that decorators keep under control", () => {
    const { lab } = laboratory();
    const control = Object.assign((): number => 1, { handler: () => 1 });
    Reflect.defineMetadata("roles", ["admin"], control);
    Reflect.defineMetadata("path", "/", control, "handler");
    const wrapped = lab.experiment("handler", { control, candidate: control });
    expect(Reflect.getMetadata("roles", wrapped)).toEqual(["admin"]);
    expect(Reflect.getMetadata("path", wrapped, "handler")).toBe("/");
    expect(Reflect.getOwnMetadataKeys(wrapped)).toEqual(["roles"]);
  });
});
