interface Process {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly versions?: Readonly<Record<string, string | undefined>>;
  getBuiltinModule?(name: string): unknown;
}

const host = globalThis as { process?: Process };

/** A module of the runtime's own, asked for at run time, so that a bundle for a runtime without it can still be built. */
export function builtinModule(name: `node:${string}`): unknown {
  try {
    return host.process?.getBuiltinModule?.(name);
  } catch {
    // A runtime may have the function and refuse the module.
    return undefined;
  }
}

/** A variable of the environment; `undefined` where it is not set, and where there is no environment. */
export function environmentVariable(name: string): string | undefined {
  try {
    return host.process?.env?.[name];
  } catch {
    // A runtime may ask for a permission first, and not get it.
    return undefined;
  }
}

/** The version of Node that runs, or that the runtime says it is like; `undefined` elsewhere. */
export function nodeVersion(): string | undefined {
  try {
    return host.process?.versions?.["node"];
  } catch {
    return undefined;
  }
}
