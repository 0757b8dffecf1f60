import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseBuild, releaseKey } from "./choose-build.ts";

const part = fc.integer({ min: 0, max: 30 });
const version = fc.tuple(part, part, part).map((parts) => parts.join("."));
const program = fc.constantFrom("agent" as const, "worker" as const);
const parts = (text: string) => text.split(".").map(Number);
const newerThan = (a: string, b: string) => {
  for (const [index, value] of parts(a).entries()) {
    const other = parts(b)[index] ?? 0;
    if (value !== other) return value > other;
  }
  return false;
};
const digestOf = (key: string) => Buffer.from(key).toString("hex").padEnd(64, "0");

describe("the build to run next", () => {
  it("is the newest of its own program that is newer than what runs, and nothing else", () => {
    fc.assert(
      fc.property(
        program,
        version,
        fc.array(fc.tuple(program, version), { maxLength: 12 }),
        (which, running, listed) => {
          const keys = listed.map(([of, one]) => releaseKey(of, one));
          const builds = Object.fromEntries(keys.map((key) => [key, digestOf(key)]));
          const newer = listed.filter(([of, one]) => of === which && newerThan(one, running)).map(([, one]) => one);
          const chosen = chooseBuild({ builds, program: which, running });
          if (newer.length === 0) {
            expect(chosen).toBeUndefined();
            return;
          }
          expect(newer).toContain(chosen?.version);
          expect(newer.some((one) => newerThan(one, chosen?.version ?? ""))).toBe(false);
          expect(chosen?.sha256).toBe(digestOf(releaseKey(which, chosen?.version ?? "")));
        },
      ),
    );
  });

  it("is never an older one, nor one that is not listed, whoever asks for it", () => {
    const builds = { "worker/1.0.0": "a".repeat(64), "worker/3.0.0": "c".repeat(64), "2.0.0": "b".repeat(64) };
    const choose = (wanted: string) => chooseBuild({ builds, program: "worker", running: "2.0.0", wanted });
    expect(choose("3.0.0")).toMatchObject({ version: "3.0.0" });
    expect(() => choose("1.0.0")).toThrow("older");
    expect(() => choose("2.0.0")).toThrow("no build");
    expect(() => choose("4.0.0")).toThrow("no build");
  });
});
