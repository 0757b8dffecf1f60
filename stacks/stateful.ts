import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { isPermanent, permanentStages } from "../infra/stages.ts";
import { buildApp, templatesOf } from "./build-app.ts";
import { findStateful, judgeStateful, readStatefulList, statefulListUrl } from "./stateful-guard.ts";

/**
 * `npx node stacks/stateful.ts` says what the list of stateful resources and the stacks do not agree on; with `--write`
 * the list becomes what the stacks are now. What it loses by that is no longer guarded, so look at the difference.
 */
const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const stages = Object.keys(permanentStages).filter(isPermanent);
const now = stages.map((stage) => [stage, templatesOf(buildApp(stage, { guarded: false }))] as const);

if (values.write) {
  const list = Object.fromEntries(now.map(([stage, templates]) => [stage, findStateful(templates)]));
  writeFileSync(statefulListUrl, `${JSON.stringify(list, undefined, 2)}\n`);
  for (const [stage, resources] of Object.entries(list))
    process.stdout.write(`${stage}: ${resources.length} resources\n`);
} else {
  const listed = readStatefulList();
  const problems = now.flatMap(([stage, templates]) => judgeStateful(listed[stage] ?? [], templates));
  for (const { what, next } of problems) process.stdout.write(`✘ ${what}.\n  → ${next}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
