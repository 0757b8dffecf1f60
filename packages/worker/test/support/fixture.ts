import { readFileSync } from "node:fs";

/** What a tool or server has really answered; the lines with # say of which version it is. */
export function fixture(name: string): string {
  const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
  return text.replace(/^#.*\n/gm, "");
}
