/** Freezes JSON-like data and all that it holds, so that what is handed to several cannot be changed by one. */
export function freezeAll<Data extends object>(data: Data): Data {
  for (const part of Object.values(data)) if (typeof part === "object" && part !== null) freezeAll(part as object);
  return Object.freeze(data);
}
