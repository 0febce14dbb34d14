import { describe, expect, it } from "vitest";
import { hidePath, looksLikeCode } from "../../src/records/names-in-code.ts";
import { compileRedaction } from "../../src/records/redaction.ts";
import { ordinaryCodes, ordinaryFields, ordinaryValues } from "./ordinary.ts";

describe("what is no secret", () => {
  it("is named where values are hidden: two hundred fields and codes", () => {
    const fields = new Set(ordinaryFields);
    const codes = new Set(ordinaryCodes);
    expect(fields.size + codes.size).toBeGreaterThanOrEqual(200);
    expect([...fields].filter((field) => hidePath(`$.${field}`) !== `$.${field}`)).toEqual([]);
    expect([...codes].filter((code) => !looksLikeCode(code))).toEqual([]);
  });

  it("is shown where values are: two hundred values", () => {
    const redaction = compileRedaction();
    const values = [...new Set(ordinaryValues)];
    expect(values.length).toBeGreaterThanOrEqual(200);
    expect(values.filter((value) => redaction.value(value) !== value)).toEqual([]);
  });
});
