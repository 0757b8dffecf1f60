import type { ResultGroup, TaskResults } from "@steward/contracts/commands";
import type { Paint } from "./paint.ts";
import { paintRunStatus } from "./task.ts";
import { visible, visibleLines } from "./visible.ts";

/** What many appliances said, at a glance: equal answers once, with who gave them. */
export function resultsText(results: TaskResults, paint: Paint): string {
  const lines = [`${paint.bold("Results")}  ${paint.dim(`${results.answered} of ${results.appliances} appliances`)}`];
  const width = String(Math.max(0, ...results.groups.map(({ count }) => count))).length;
  for (const group of results.groups) {
    const lead = `  ${paint.bold(String(group.count).padStart(width))} × `;
    lines.push(`${lead}${headOf(group, paint)}`, `${" ".repeat(width + 5)}${paint.dim(namesOf(group))}`);
    for (const line of group.glance === undefined ? resultLines(group) : [])
      lines.push(`${" ".repeat(width + 5)}${line}`);
  }
  if (results.moreGroups > 0)
    lines.push(
      paint.dim(`  … and ${results.moreGroups} more kinds of answer; one by one: steward tasks runs ${results.taskId}`),
    );
  return lines.join("\n");
}

function headOf(group: ResultGroup, paint: Paint): string {
  const changed = group.steps.reduce((sum, step) => sum + step.changed, 0);
  const status = paintRunStatus(group.status, group.status, paint);
  if (group.reason !== undefined) return `${status}: ${visible(group.reason)}`;
  if (group.glance !== undefined) return visible(group.glance);
  return changed > 0 ? `${status}, ${changed} changed` : status;
}

function namesOf({ count, appliances }: ResultGroup): string {
  const shown = appliances.slice(0, 5).map(({ name }) => visible(name));
  return `${shown.join(", ")}${count > shown.length ? ` and ${count - shown.length} more` : ""}`;
}

const maxLines = 20;

function resultLines(group: ResultGroup): string[] {
  const lines = group.steps.flatMap(({ result }) =>
    result === undefined ? [] : visibleLines(JSON.stringify(result, null, 2)).split("\n"),
  );
  return lines.length <= maxLines
    ? lines
    : [...lines.slice(0, maxLines), `… and ${lines.length - maxLines} more lines`];
}
