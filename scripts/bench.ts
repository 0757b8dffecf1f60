import { benchCompare } from "./bench/compare.ts";
import { benchCost } from "./bench/cost.ts";
import { benchDispatch } from "./bench/dispatch.ts";
import { benchDoorbells } from "./bench/doorbells.ts";
import { benchFunctions } from "./bench/functions.ts";
import { benchHeartbeats } from "./bench/heartbeats.ts";
import { benchLimits } from "./bench/limits.ts";
import { benchMatcher } from "./bench/matcher.ts";
import { benchPages } from "./bench/pages.ts";
import { benchPath } from "./bench/path.ts";
import { type Figure, meets, table } from "./bench/report.ts";
import { benchRollout } from "./bench/rollout.ts";
import { benchStart } from "./bench/start.ts";

const suites: Record<string, () => Promise<Figure[]>> = {
  start: benchStart,
  path: benchPath,
  understand: benchMatcher,
  handlers: benchHeartbeats,
  pages: benchPages,
  functions: benchFunctions,
  limits: benchLimits,
  doorbells: benchDoorbells,
  cost: benchCost,
  rollout: benchRollout,
  compare: benchCompare,
  dispatch: async () => (await benchDispatch({ quick: true })).figures,
};

const args = process.argv.slice(2);
const json = args.includes("--json");
const chosen = args.filter((arg) => !arg.startsWith("--"));
const unknown = chosen.filter((name) => !(name in suites));
if (unknown.length > 0) {
  process.stderr.write(`no benchmark ${unknown.join(", ")}; there are: ${Object.keys(suites).join(", ")}\n`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, suite] of Object.entries(suites)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  if (!json) process.stderr.write(`measuring ${name} …\n`);
  figures.push(...(await suite()));
}
process.stdout.write(json ? `${JSON.stringify(figures, null, 2)}\n` : `${table(figures)}\n`);
// A missed bar fails the command: a figure that nobody looks at is no figure.
process.exit(figures.every(meets) ? 0 : 1);
