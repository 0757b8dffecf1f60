import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { exportedFamily, notExported } from "./tenant-family.ts";

it("every kind of record of a tenant is exported, or says why it is not", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".ts") && !name.includes(".test."));
  const kinds = files.flatMap((name) => {
    const text = readFileSync(`${import.meta.dirname}/${name}`, "utf8");
    return [...text.matchAll(/`T#\$\{[^}]*tenantId[^}]*\}#([A-Z_]+)/g)].map(([, kind = ""]) => kind);
  });
  expect(kinds.length).toBeGreaterThan(8);
  const known = [...Object.keys(exportedFamily), ...Object.keys(notExported)];
  expect([...new Set(kinds)].filter((kind) => !known.includes(kind))).toEqual([]);
  // And no kind is listed that no record has.
  expect(known.filter((kind) => !kinds.includes(kind))).toEqual([]);
});
