// What tests take from `vitest`, without its workers: one process runs them for thousands of changes.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ASYMMETRIC_MATCHERS_OBJECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import { getCurrentTest } from "@vitest/runner";
import { fn, restoreAllMocks, spyOn } from "@vitest/spy";
import * as chai from "chai";

export { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "@vitest/runner";

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

/** Never writes: what is on disk is what is expected. */
chai.use((library, { addMethod }) => {
  addMethod(library.Assertion.prototype, "toMatchFileSnapshot", function (this: Chai.AssertionStatic, path: string) {
    const file = join(dirname(getCurrentTest()!.file.filepath).replace(".stryker-tmp/quick/", ""), path);
    this.assert(chai.util.flag(this, "object") === readFileSync(file, "utf8"), `not as in ${path}`, "", path);
  });
});

type Assertion = Record<string, unknown>;
const asserted = (value: unknown): Assertion =>
  (chai.expect(value) as unknown as { withTest: (test: unknown) => Assertion }).withTest(getCurrentTest());

/** An assertion that is tried again until it holds, or its time is over. */
function poll(
  read: () => unknown,
  { timeout = 1_000, interval = 50 }: { readonly timeout?: number; readonly interval?: number } = {},
): unknown {
  const chain = (path: readonly string[]): unknown =>
    new Proxy(() => undefined, {
      get: (_, name) => (name === "then" ? undefined : chain([...path, String(name)])),
      apply: async (_, __, expected: readonly unknown[]) => {
        const end = performance.now() + timeout;
        for (;;) {
          try {
            const value = await read();
            const holder = path.slice(0, -1).reduce((some, name) => some[name] as Assertion, asserted(value));
            return (holder[path.at(-1)!] as (...all: readonly unknown[]) => unknown)(...expected);
          } catch (error) {
            if (performance.now() > end) throw error;
            await new Promise((resolve) => setTimeout(resolve, interval));
          }
        }
      },
    });
  return chain([]);
}

const matchers = (globalThis as unknown as Record<symbol, object>)[ASYMMETRIC_MATCHERS_OBJECT];
export const expect: unknown = Object.assign((value: unknown) => asserted(value), chai.expect, matchers, { poll });

const environment = new Map<string, string | undefined>();
/** What needs modules loaded anew, or another clock, is not here: such a test fails without a change, and is left out. */
export const vi: Record<string, unknown> = {
  fn,
  spyOn,
  restoreAllMocks,
  stubEnv(name: string, value: string | undefined): void {
    if (!environment.has(name)) environment.set(name, process.env[name]);
    setEnvironment(name, value);
  },
  unstubAllEnvs(): void {
    for (const [name, value] of environment) setEnvironment(name, value);
    environment.clear();
  },
};

function setEnvironment(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}
