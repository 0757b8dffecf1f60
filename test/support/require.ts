import { describe } from "vitest";

/**
 * `describe`, or a skipped one with one loud line when the machine lacks what the tests need. With the name in
 * `STEWARD_REQUIRE` (comma-separated, as in CI) a skip is a failure instead.
 */
export function requireOrSkip(name: string, usable: boolean, reason: string): typeof describe | typeof describe.skip {
  if (usable) return describe;
  const required = (process.env["STEWARD_REQUIRE"] ?? "").split(",").map((one) => one.trim());
  if (required.includes(name)) throw new Error(`STEWARD_REQUIRE names ${name}, but: ${reason}`);
  console.warn(`\n*** SKIPPED, because ${name} is not usable here: ${reason}\n`);
  return describe.skip;
}
