/**
 * The public API as text, one file a subpath in `docs/api/`, made from the built declarations.
 *
 *     tsx scripts/write-api.ts            fails when the built API differs from those files
 *     tsx scripts/write-api.ts --update   writes them (`npm run api`)
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type IExtractorConfigPrepareOptions,
} from "@microsoft/api-extractor";
import manifest from "../package.json" with { type: "json" };

const root = join(import.meta.dirname, "..");
const folder = join(root, "docs/api");
const fresh = join(root, "reports/api");
const update = process.argv.includes("--update");

const entries = Object.entries(manifest.exports).flatMap(([subpath, conditions]) =>
  typeof conditions === "string" ?
    []
  : [
      {
        file: `${subpath === "." ? "sidelane" : subpath.slice(2).replaceAll("/", "-")}.api.md`,
        types: join(root, conditions.import.types),
      },
    ],
);

const silent = { logLevel: ExtractorLogLevel.None };

function configOf(entry: { file: string; types: string }): ExtractorConfig {
  const options: IExtractorConfigPrepareOptions = {
    configObjectFullPath: join(root, "api-extractor.json"),
    packageJsonFullPath: join(root, "package.json"),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: entry.types,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "ES2022",
            module: "NodeNext",
            moduleResolution: "NodeNext",
            lib: ["ES2023", "ESNext.Disposable", "DOM"],
            types: ["node"],
            strict: true,
            skipLibCheck: true,
          },
          files: entries.map(({ types }) => types),
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: entry.file,
        reportFolder: folder,
        reportTempFolder: fresh,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: silent },
        extractorMessageReporting: { default: silent },
        tsdocMessageReporting: { default: silent },
      },
    },
  };
  return ExtractorConfig.prepare(options);
}

rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
mkdirSync(folder, { recursive: true });

const missing = entries.filter(({ types }) => !existsSync(types));
if (missing.length > 0) {
  console.error(`Not built: ${missing.map(({ types }) => types).join(", ")}. Run \`npm run build\` first.`);
  process.exit(1);
}

const configs = entries.map((entry) => ({ file: entry.file, config: configOf(entry) }));
const compilerState = CompilerState.create(configs[0]!.config, {
  additionalEntryPoints: entries.slice(1).map(({ types }) => types),
});
const changed: string[] = [];
for (const { file, config } of configs) {
  const { apiReportChanged } = Extractor.invoke(config, {
    compilerState,
    localBuild: update,
    messageCallback: (message) => {
      // What it says of itself (its TypeScript is older than ours) is no news; only the comparison below counts.
      message.handled = true;
    },
  });
  if (apiReportChanged) changed.push(join(folder, file));
}

const stale = readdirSync(folder).filter((file) => !entries.some((entry) => entry.file === file));
for (const file of stale) {
  if (update) rmSync(join(folder, file));
  else changed.push(join(folder, file));
}

if (changed.length === 0) {
  console.log(`The public API of ${entries.length} subpaths is as written in docs/api.`);
} else {
  for (const path of changed) console.log(`${update ? "written" : "differs"}: ${path.slice(root.length + 1)}`);
  if (!update) {
    console.error("The public API changed. When that is meant, run `npm run api` and commit docs/api.");
    process.exitCode = 1;
  }
}
