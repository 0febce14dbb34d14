import { summary, type ReportModel } from "../../src/report/index.ts";
import { compileRedaction } from "../../src/records/redaction.ts";
import { present } from "../../src/records/present.ts";
import { aResult } from "../../src/testing/a-result.ts";

const presentation = { values: "shown", redaction: compileRedaction() } as const;

/** The report of some mismatches each of experiments, in which their names stand wherever a text can. */
export function mismatchesNamed(names: readonly string[], times = 10): Promise<ReportModel> {
  const records = names.flatMap((name, index) =>
    Array.from({ length: times }, (_, each) =>
      present(
        aResult({
          id: `p${index}-${each}`,
          experiment: name,
          startedAt: Date.UTC(2026, 0, 1) + each * 60_000,
          version: name,
          context: { note: name },
          control: { outcome: { kind: "returned", value: name } },
          candidates: [
            {
              name,
              comparison: {
                kind: "mismatch",
                differences: [{ path: `$.${name}`, kind: "value", control: name, candidate: 1 }],
                signature: `v2-${name}`,
              },
            },
          ],
        }),
        presentation,
      ),
    ),
  );
  return summary(records);
}
