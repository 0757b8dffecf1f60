import { readFileSync } from "node:fs";
import { functionNames } from "@steward/functions/definitions";
import { describe, expect, test } from "vitest";
import { architectureDoc } from "./architecture.ts";

describe("docs/architecture.md", () => {
  const text = readFileSync(new URL("../../docs/architecture.md", import.meta.url), "utf8");

  test("is what the definitions are (npm run docs writes it)", () => {
    expect(text).toBe(architectureDoc());
  });

  test("draws every function with what starts it", () => {
    const started = [...text.matchAll(/^ {2}\w+ --> f_(\w+)$/gm)].map(([, name = ""]) => name.replaceAll("_", "-"));
    expect([...new Set(started)].sort()).toEqual([...functionNames].sort());
  });
});
