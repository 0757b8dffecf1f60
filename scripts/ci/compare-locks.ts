import { readFileSync } from "node:fs";
import { lockDifferences } from "./lock-differences.ts";

/** `node scripts/ci/compare-locks.ts before.json after.json`: fails where installing changed what was locked. */
const [before = "", after = ""] = process.argv.slice(2);
const differences = lockDifferences(JSON.parse(readFileSync(before, "utf8")), JSON.parse(readFileSync(after, "utf8")));
if (differences.length > 0) {
  process.stderr.write(
    `npm install changed package-lock.json; commit the result:\n${differences.map((line) => `  ${line}\n`).join("")}`,
  );
  process.exit(1);
}
