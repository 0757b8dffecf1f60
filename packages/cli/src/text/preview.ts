import type { PreviewView } from "@steward/contracts/preview";
import type { Paint } from "./paint.ts";
import { relative } from "./time.ts";
import { visible, visibleLines } from "./visible.ts";

/** What a preview found: appliances on which the very same would change stand together, with the changes below them. */
export function previewText(preview: PreviewView, paint: Paint, nowMs: number): string {
  const when = relative(preview.endedAt ?? preview.startedAt, nowMs);
  const lines = [`${paint.bold("Preview")}  ${paint.dim(`${when} · nothing was changed · ${preview.taskId}`)}`];
  for (const group of preview.groups) {
    lines.push("", `  ${paint.bold(whoText(group, preview))}`);
    if (group.reason !== undefined)
      lines.push(`    ${paint.red(`${group.status.replaceAll("_", " ")}: ${visible(group.reason)}`)}`);
    if (group.status === "simulated") lines.push(paint.yellow("    simulated: what would change here cannot be told"));
    for (const step of group.steps) lines.push(...stepLines(step, paint));
  }
  const open = preview.appliances - preview.groups.reduce((sum, group) => sum + group.count, 0);
  if (preview.moreGroups > 0) {
    lines.push(
      "",
      paint.dim(`  … and ${preview.moreGroups} more kinds of change; one by one: steward tasks runs ${preview.taskId}`),
    );
  } else if (open > 0) {
    lines.push("", paint.yellow(`  ${open} of ${preview.appliances} appliances have not answered.`));
  }
  return lines.join("\n");
}

type Group = PreviewView["groups"][number];

function whoText({ count, appliances }: Group, { appliances: all }: PreviewView): string {
  if (count === all && all > 3) return `All ${all} appliances`;
  const names = appliances.slice(0, 6).map(({ name }) => visible(name));
  const more = count > names.length ? ` and ${count - names.length} more` : "";
  return `${count === 1 ? "" : `${count} appliances: `}${names.join(", ")}${more}`;
}

function stepLines(step: Group["steps"][number], paint: Paint): string[] {
  const changes = step.changes ?? [];
  const name = visible(step.action);
  if (step.status === "simulated") return [];
  if (step.status === "skipped") return [`    ${paint.dim(`${name}: not looked at`)}`];
  if (step.status === "failed") return [`    ${paint.red(`${name}: ${visible(step.reason ?? "failed")}`)}`];
  if (step.changed === 0) return [`    ${paint.dim(`${name}: nothing to change`)}`];
  const lines = [`    ${name}: ${step.changed} would change`];
  for (const change of changes) {
    lines.push(`      ${paint.yellow("~")} ${visible(change.task)}`);
    for (const line of change.diff === undefined ? [] : visibleLines(change.diff).split("\n")) {
      lines.push(`        ${paintDiffLine(line, paint)}`);
    }
  }
  return lines;
}

function paintDiffLine(line: string, paint: Paint): string {
  if (line.startsWith("+")) return paint.green(line);
  if (line.startsWith("-")) return paint.red(line);
  return paint.dim(line);
}
