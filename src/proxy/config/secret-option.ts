import { either, object, text, type Schema } from "./schema.ts";

/** A text, or the variable of the environment that holds it. */
export const secret = (says?: string): Schema =>
  either('a text, or { "env": "NAME" }', [text(), object({ env: text("The variable that holds it.") }, ["env"])], says);
