import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Secret } from "../../http/sides/side.ts";
import { environmentVariable } from "../../model/runtime.ts";
import { ConfigError, told } from "./config.ts";

/** Reads what a configuration names: files beside it, and the environment. */
export class Surroundings {
  readonly place: string;
  readonly #folder: string;

  /** @param folder that relative paths start from */
  constructor(place: string, folder: string) {
    this.place = place;
    this.#folder = folder;
  }

  path(given: string): string {
    return isAbsolute(given) ? given : join(this.#folder, given);
  }

  /** @throws {ConfigError} */
  text(key: string, given: string): string {
    try {
      return readFileSync(this.path(given), "utf8");
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown";
      throw new ConfigError(told(this.place, key, "a file that can be read", given, code));
    }
  }

  /** @throws {ConfigError} where there is none in it */
  certificate(key: string, given: string): string {
    const text = this.text(key, given);
    try {
      new X509Certificate(text);
    } catch {
      throw new ConfigError(told(this.place, key, "a file with a certificate, in PEM", given));
    }
    return text;
  }

  /** @throws {ConfigError} */
  secret(key: string, given: Secret): string {
    if (typeof given === "string") return given;
    // Files of secrets end with a line's end.
    const value = environmentVariable(given.env)?.trim();
    if (value === undefined || value === "")
      throw new ConfigError(
        told(this.place, key, `a value of the variable ${given.env}`, undefined, "it is not in the environment"),
      );
    return value;
  }
}
