import { compileRules, compareTable, type CompareRules, type CompiledRules } from "../../compare/rules/rules.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import { aWhole, compiled, optionsOf, settle, type OptionRule, type OptionTable } from "../../model/option-table.ts";
import { bodyRuleNames, type BodyRule } from "./body-data.ts";
import { defaultBodyLimits, type BodyLimits } from "./body-capture.ts";
import { compileHeaderRules, headerRuleNames, type HeaderRule, type HeaderRules } from "./header-rules.ts";

/** A response as it is compared: differences are told by paths such as `$.status`, `$.headers["vary"]`, `$.body.items[2].price`. */
export interface ComparableResponse {
  readonly status: number;
  /** The media type, and a charset other than UTF-8. */
  readonly type: string | undefined;
  /** Those that are compared, by name in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** Data, where it had to be looked into; else its size and digest. */
  readonly body: unknown;
}

/** How two responses are compared: the rules of `compare`, for what a {@link ComparableResponse} holds, and those of responses. */
export interface ResponseRules extends CompareRules<ComparableResponse> {
  /** By name, or by a beginning such as `x-acme-*`: goes before the defaults, which docs/http.md lists. */
  readonly headers?: Readonly<Record<string, HeaderRule>>;
  /** By media type, or by a beginning such as `text/*`: goes before the defaults. */
  readonly bodies?: Readonly<Record<string, BodyRule>>;
  /** Each side's own origins, taken for the same in `location`: `{ control: "https://old.example", candidate: "https://new.example" }`. */
  readonly origins?: { readonly control?: string | readonly string[]; readonly candidate?: string | readonly string[] };
  /** How much of a body is kept and decoded. */
  readonly bodyLimits?: BodyLimits;
}

/** The same, checked and compiled once. */
export interface CompiledResponseRules {
  readonly headers: HeaderRules;
  readonly bodies: readonly (readonly [pattern: string, rule: BodyRule])[];
  readonly origins: { readonly control: readonly string[]; readonly candidate: readonly string[] };
  readonly bodyLimits: Required<BodyLimits>;
  readonly data: CompiledRules;
}

function namesFrom(allowed: readonly string[], takes: string): OptionRule {
  return {
    takes,
    check: (check: OptionCheck, option: string, got: unknown): void => {
      check.object(option, got);
      for (const [name, rule] of Object.entries(got)) check.oneOf(`${option}[${JSON.stringify(name)}]`, rule, allowed);
    },
  };
}

export const bodyLimitsTable: OptionTable<BodyLimits, keyof BodyLimits> = {
  bytes: { ...aWhole({ min: 1 }), byDefault: defaultBodyLimits.bytes },
  decodedBytes: { ...aWhole({ min: 1 }), byDefault: defaultBodyLimits.decodedBytes },
  ratio: { ...aWhole({ min: 1 }), byDefault: defaultBodyLimits.ratio },
};

export const responseRulesTable: OptionTable<ResponseRules> = {
  ...compareTable,
  headers: namesFrom(headerRuleNames, "an object of header rules by name"),
  bodies: namesFrom(bodyRuleNames, "an object of body rules by media type"),
  origins: compiled("an object of origins, `{ control, candidate }`"),
  bodyLimits: optionsOf("an object of limits", bodyLimitsTable),
};

/** @throws {SidelaneError} `invalid-definition`, for the first thing that is wrong */
export function compileResponseRules(rules: ResponseRules | undefined, place: string): CompiledResponseRules {
  const check: OptionCheck = checkOptions(place, "invalid-definition");
  const { headers, bodies, origins, bodyLimits, ...data } = settle(check, responseRulesTable, rules, "rules");
  if (origins !== undefined) {
    check.object("origins", origins);
    check.known(origins, ["control", "candidate"], "origins.");
  }
  return {
    headers: compileHeaderRules(headers),
    bodies: Object.entries(bodies ?? {}).map(([type, rule]) => [type.toLowerCase(), rule]),
    origins: { control: originsOf(origins?.control), candidate: originsOf(origins?.candidate) },
    bodyLimits: { ...defaultBodyLimits, ...bodyLimits },
    data: compileRules(data as CompareRules, place),
  };

  function originsOf(given: string | readonly string[] | undefined): readonly string[] {
    const all =
      given === undefined ? []
      : typeof given === "string" ? [given]
      : given;
    return all.map((each) => {
      if (typeof each !== "string" || !URL.canParse(each)) {
        return check.fail("origins", 'origins such as "https://old.example"', each);
      }
      return new URL(each).origin;
    });
  }
}
