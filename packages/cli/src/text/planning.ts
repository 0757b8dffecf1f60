import type { Planning, TaskView } from "@steward/contracts/task";
import type { Paint } from "./paint.ts";
import { duration, relative } from "./time.ts";
import { visible } from "./visible.ts";

/** What each tier that was asked took, and why it was not enough; empty where one tier did, for nothing. */
export function planningText(planning: Planning | undefined, paint: Paint): string {
  const { tiers = [], costUsd } = planning ?? {};
  const lines = tiers.map((one) => {
    const times = one.attempts === 1 ? "" : ` ×${one.attempts}`;
    const model = one.model === undefined ? "" : ` (${visible(one.model)})`;
    const short = one.fellShort === undefined ? "" : paint.dim(`  ${visible(one.fellShort)}`);
    return `  ${one.tier}${model}${times}  ${duration(one.latencyMs)}${costText(one.costUsd)}${short}`;
  });
  if (lines.length === 0) return costUsd === undefined ? "" : paint.dim(`Asking models:${costText(costUsd)}`);
  return [paint.bold("Asked"), ...lines].join("\n");
}

function costText(costUsd: number | undefined): string {
  return costUsd === undefined ? "" : `  $${costUsd.toFixed(4)}`;
}

/** What people said beside it: that the provider was asked, its answer, and opinions. */
export function saidText({ escalation, feedback = [] }: TaskView, paint: Paint, nowMs: number): string[] {
  const lines: string[] = [];
  if (escalation !== undefined) {
    const { name, note, at, answer } = escalation;
    const asked = `Your provider was asked by ${visible(name)} ${relative(at, nowMs)}`;
    lines.push(`${paint.yellow(asked)}${note === undefined ? "" : `: ${visible(note)}`}`);
    if (answer !== undefined) {
      lines.push(
        `${paint.green(`Answered by ${visible(answer.name)} ${relative(answer.at, nowMs)}`)}: ${visible(answer.note)}`,
      );
    }
  }
  for (const { name, verdict, note } of feedback) {
    lines.push(paint.dim(`${visible(name)} says it is ${verdict}${note === undefined ? "" : `: ${visible(note)}`}`));
  }
  return lines;
}
