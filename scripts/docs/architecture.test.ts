import { functionNames } from "@steward/functions/definitions";
import { describe, expect, test } from "vitest";
import { architectureDoc } from "./architecture.ts";

describe("docs/architecture.md", () => {
  const text = architectureDoc();

  test("draws every function with what starts it", () => {
    const started = [...text.matchAll(/^ {2}\w+ --> f_(\w+)$/gm)].map(([, name = ""]) => name.replaceAll("_", "-"));
    expect([...new Set(started)].sort()).toEqual([...functionNames].sort());
  });
});
