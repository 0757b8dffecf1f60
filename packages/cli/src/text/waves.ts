import type { Plan } from "@steward/contracts/plan";
import type { RunStatus } from "@steward/contracts/states";
import { runHasEnded } from "@steward/contracts/states";
import type { TaskView, WaveView } from "@steward/contracts/task";
import type { Paint } from "./paint.ts";
import { duration } from "./time.ts";
import { visible } from "./visible.ts";

const cells = 10;

interface Filling {
  ended: number;
  bad: number;
  underWay: number;
}

function fillingOf({ counts }: WaveView): Filling {
  const filling: Filling = { ended: 0, bad: 0, underWay: 0 };
  for (const [status, count] of Object.entries(counts) as [RunStatus, number][]) {
    if (status === "failed" || status === "unreachable" || status === "expired") filling.bad += count;
    if (runHasEnded(status) || status === "unreachable") filling.ended += count;
    else if (status !== "pending") filling.underWay += count;
  }
  return filling;
}

/** `██████░░░░`: ended, and of those that failed another sign. */
function bar(wave: WaveView, paint: Paint): string {
  const { ended, bad } = fillingOf(wave);
  const part = (count: number) =>
    count === 0 ? 0 : Math.max(1, Math.round((count / Math.max(1, wave.total)) * cells));
  const red = Math.min(cells, part(bad));
  const green = Math.min(cells - red, ended === wave.total ? cells : part(ended - bad));
  return paint.green("█".repeat(green)) + paint.red("▓".repeat(red)) + paint.dim("░".repeat(cells - green - red));
}

/** All waves in one line that is drawn again and again. Without colours: it is cut to the terminal's width. */
export function wavesLine(task: TaskView): string {
  const waves = task.waves ?? [];
  const doing = task.rollout?.operation === "undo" ? "Undoing" : "Running on the appliances";
  if (waves.length === 0) return `${doing} …`;
  const told = waves.map((wave) => {
    const { ended, bad } = fillingOf(wave);
    return `${waves.length === 1 ? "" : `wave ${wave.wave} `}${ended}/${wave.total}${bad === 0 ? "" : ` (${bad} failed)`}`;
  });
  return `${doing}: ${told.join(" · ")}${task.rollout?.status === "paused" ? " · paused" : ""}`;
}

/** One line for each wave; nothing where all appliances are in one and all is told by their own lines. */
export function wavesText(task: TaskView, paint: Paint): string {
  const waves = task.waves ?? [];
  const many = waves.length > 1 || (task.targetCount ?? 0) > (task.runs ?? []).length;
  const lines = many ? waves.map((wave) => waveLine(wave, waves.length, paint)) : [];
  const { rollout } = task;
  if (rollout?.paused !== undefined) lines.push(paint.yellow(pauseText(rollout.paused)));
  if (rollout?.stopped !== undefined)
    lines.push(paint.red(`Stopped in wave ${rollout.stopped.wave}: ${visible(rollout.stopped.why)}`));
  else if (rollout?.hold !== undefined) lines.push(paint.dim(visible(rollout.hold)));
  return lines.join("\n");
}

function waveLine(wave: WaveView, count: number, paint: Paint): string {
  const width = String(count).length;
  const told = Object.entries(wave.counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([status, number]) => `${number} ${status}`);
  const name = count === 1 ? "All" : `Wave ${String(wave.wave).padStart(width)}`;
  const rest = wave.total - Object.values(wave.counts).reduce((sum, number) => sum + number, 0);
  if (rest > 0) told.push(`${rest} to come`);
  return `${paint.bold(name)}  ${bar(wave, paint)}  ${told.join(", ")} ${paint.dim(`of ${wave.total}`)}`;
}

/** How the plan goes over its appliances, as its hash covers it. Empty for a single one without further wishes. */
export function rolloutText({ targets, waveOf, rollout }: Plan): string {
  const sizes: number[] = [];
  for (const wave of waveOf ?? []) sizes[wave - 1] = (sizes[wave - 1] ?? 0) + 1;
  const parts: string[] = [];
  if (sizes.length > 1) parts.push(`${sizes.length} waves: ${shortened(sizes).join(", ")}`);
  if (targets.length > 1) {
    if (rollout.maxConcurrency < targets.length) parts.push(`on ${rollout.maxConcurrency} at one time`);
    parts.push(
      `stops when ${rollout.errorBudget === undefined ? "one fails" : `more than ${shareText(rollout.errorBudget)} fail`}`,
    );
  }
  if (rollout.pauseSeconds !== undefined) parts.push(`${duration(rollout.pauseSeconds * 1000)} between waves`);
  if (rollout.confirmWaves !== undefined) {
    parts.push(`waits for a word after ${rollout.confirmWaves === "first" ? "the first wave" : "each wave"}`);
  }
  if (rollout.healthGate !== undefined) parts.push(`${rollout.healthGate.heartbeats} good heartbeats after each wave`);
  if (rollout.minHealthy !== undefined) parts.push(`at least ${shareText(rollout.minHealthy)} of each site untouched`);
  if (rollout.undoOnFailure) parts.push("undone where it fails");
  return parts.join("; ");
}

function shortened(sizes: readonly number[]): string[] {
  const told = sizes.map((size) => String(size));
  return told.length <= 6 ? told : [...told.slice(0, 4), "…", told.at(-1) ?? ""];
}

function shareText(share: { percent: number } | { count: number }): string {
  return "percent" in share ? `${share.percent} %` : String(share.count);
}

export function pauseText({ afterWave, reason }: NonNullable<NonNullable<TaskView["rollout"]>["paused"]>): string {
  const why = reason === undefined ? "" : `: ${visible(reason)}`;
  return afterWave === undefined
    ? `Paused${why}. What was sent goes on.`
    : `Wave ${afterWave} is done; the next one waits for somebody's word.`;
}
