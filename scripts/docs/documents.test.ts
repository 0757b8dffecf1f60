import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../run.ts";
import { documents } from "./documents.ts";

test.each(Object.entries(documents))("%s is what the definitions are (npm run docs writes it)", (file, make) => {
  expect(readFileSync(join(root, file), "utf8")).toBe(make());
});
