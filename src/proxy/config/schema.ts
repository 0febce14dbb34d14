import { nearest } from "../../model/check-options.ts";

/** The part of JSON Schema that a configuration is written in: what checks it, and what is published. */
export interface Schema {
  readonly description?: string;
  /** What messages say was expected. */
  readonly title: string;
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly enum?: readonly (string | boolean)[];
  readonly anyOf?: readonly Schema[];
  readonly default?: unknown;
}

/** What is wrong with a configuration: at which key, and what was expected there. */
export interface Problem {
  /** Such as `listen.port`; empty for the whole. */
  readonly key: string;
  readonly expected: string;
  readonly got: unknown;
  readonly hint?: string;
}

type Words = readonly [says?: string, byDefault?: unknown];

const words = ([says, byDefault]: Words): Pick<Schema, "description" | "default"> => ({
  ...(says !== undefined && says !== "" && { description: says }),
  ...(byDefault !== undefined && { default: byDefault }),
});

export const text = (...given: Words): Schema => ({
  ...{ title: "a text", type: "string", minLength: 1 },
  ...words(given),
});
export const flag = (...given: Words): Schema => ({ ...{ title: "true or false", type: "boolean" }, ...words(given) });
export const address = (...given: Words): Schema => ({
  ...{ title: 'a URL such as "http://127.0.0.1:8081"', type: "string", pattern: "^https?://[^\\s@]+$" },
  ...words(given),
});

/** Of headers and cookies. */
export const name = (...given: Words): Schema => ({
  ...{ title: "a name", type: "string", pattern: "^[\\w!#$%&'*+.^`|~-]+$" },
  ...words(given),
});

export function whole(minimum: number, maximum: number | undefined, ...given: Words): Schema {
  const title =
    maximum === undefined ? `a whole number of at least ${minimum}` : `a whole number from ${minimum} to ${maximum}`;
  return { title, type: "integer", minimum, ...(maximum !== undefined && { maximum }), ...words(given) };
}

export const amount = (...given: Words): Schema => ({
  ...{ title: "a number of at least 0", type: "number", minimum: 0 },
  ...words(given),
});
export const share = (...given: Words): Schema => ({
  ...{ title: "a number from 0 to 1", type: "number", minimum: 0, maximum: 1 },
  ...words(given),
});

export function oneOf(allowed: readonly string[], ...given: Words): Schema {
  return { title: `one of ${allowed.map((each) => JSON.stringify(each)).join(", ")}`, enum: allowed, ...words(given) };
}

export function object(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[],
  ...given: Words
): Schema {
  return {
    ...{ title: "an object", type: "object", properties, required, additionalProperties: false },
    ...words(given),
  };
}

/** An object of any names. */
export function record(title: string, each: Schema, ...given: Words): Schema {
  return { title, type: "object", additionalProperties: each, ...words(given) };
}

export function list(items: Schema, ...given: Words): Schema {
  return { title: "a list", type: "array", items, ...words(given) };
}

export function either(title: string, anyOf: readonly Schema[], ...given: Words): Schema {
  return { title, anyOf, ...words(given) };
}

/** All that is wrong, in the order of the file. */
export function problemsOf(got: unknown, schema: Schema, key = ""): readonly Problem[] {
  const wrong = (expected: string, hint?: string): readonly Problem[] => [
    { key, expected, got, ...(hint !== undefined && { hint }) },
  ];
  if (schema.anyOf !== undefined) {
    // What is an object is told what is wrong in it, where one of the ways is one.
    const all = schema.anyOf.map((each) => problemsOf(got, each, key));
    if (all.some((each) => each.length === 0)) return [];
    const within = all.filter((each) => each.every((problem) => problem.key !== key));
    const meant = within.length > 1 ? all.filter((_, at) => isMeant(got, schema.anyOf![at]!)) : within;
    return meant.length === 1 ? meant[0]! : wrong(schema.title);
  }
  if (schema.enum !== undefined) return schema.enum.includes(got as string) ? [] : wrong(schema.title);
  switch (schema.type) {
    case "object":
      if (typeof got !== "object" || got === null || Array.isArray(got)) return wrong(schema.title);
      return problemsInObject(got as Readonly<Record<string, unknown>>, schema, key);
    case "array": {
      if (!Array.isArray(got)) return wrong(schema.title);
      const { minItems = 0, maxItems = Infinity } = schema;
      if (got.length < minItems || got.length > maxItems) return wrong(schema.title);
      return got.flatMap((each, index) => problemsOf(each, schema.items!, `${key}[${index}]`));
    }
    case "string": {
      const isRight =
        typeof got === "string" &&
        got.length >= (schema.minLength ?? 0) &&
        (schema.pattern === undefined || new RegExp(schema.pattern).test(got));
      return isRight ? [] : wrong(schema.title);
    }
    case "boolean":
      return typeof got === "boolean" ? [] : wrong(schema.title);
    case "integer":
    case "number": {
      const isRight =
        typeof got === "number" &&
        (schema.type === "number" || Number.isSafeInteger(got)) &&
        got >= (schema.minimum ?? -Infinity) &&
        got <= (schema.maximum ?? Infinity);
      return isRight ? [] : wrong(schema.title);
    }
    default:
      return [];
  }
}

/** Whether an object is of the kind that a schema is for: it has something of what is required there, and is said to be nothing else. */
function isMeant(got: unknown, { properties = {}, required = [] }: Schema): boolean {
  const given = got as Readonly<Record<string, unknown>>;
  const present = required.filter((name) => given[name] !== undefined);
  return (
    present.length > 0 && present.every((name) => properties[name]!.enum?.includes(given[name] as string) !== false)
  );
}

function problemsInObject(
  got: Readonly<Record<string, unknown>>,
  { properties = {}, required = [], additionalProperties }: Schema,
  key: string,
): readonly Problem[] {
  const within = (name: string): string =>
    key === "" ? name
    : /^[\w$-]+$/.test(name) ? `${key}.${name}`
    : `${key}[${JSON.stringify(name)}]`;
  const missing = required
    .filter((name) => got[name] === undefined)
    .map((name) => ({ key: within(name), expected: properties[name]!.title, got: undefined }));
  const others = Object.entries(got).flatMap(([name, value]): readonly Problem[] => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (schema !== undefined && schema !== false) return problemsOf(value, schema, within(name));
    const near = nearest(name, Object.keys(properties));
    const hint = near === undefined ? undefined : `did you mean ${JSON.stringify(near)}?`;
    return [
      { key: within(name), expected: "left out: it is unknown", got: value, ...(hint !== undefined && { hint }) },
    ];
  });
  return [...missing, ...others];
}
