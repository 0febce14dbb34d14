/** The first of these packages that the project has, or that stands beside this one; `undefined` where there is none. */
export async function installedPackage(names: readonly string[]): Promise<unknown> {
  const [{ createRequire }, { join }, { pathToFileURL }] = await Promise.all([
    import("node:module"),
    import("node:path"),
    import("node:url"),
  ]);
  for (const from of [join(process.cwd(), "package.json"), process.argv[1] ?? process.cwd()]) {
    for (const name of names) {
      let path: string;
      try {
        path = createRequire(from).resolve(name);
      } catch {
        continue;
      }
      const loaded = (await import(pathToFileURL(path).href)) as { readonly default?: object };
      return { ...loaded.default, ...loaded };
    }
  }
  return undefined;
}
