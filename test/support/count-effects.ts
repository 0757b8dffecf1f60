import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { type Effect, readEffects } from "./effects.ts";
import type { Driven } from "./load.ts";

export interface Counts {
  /** Steps that began, by the appliances' disks. */
  effects: number;
  /** What must not be, in words. */
  lost: string[];
  doubled: string[];
  /** Effects that nobody asked for. */
  strange: string[];
  interrupted: number;
}

/** Holds what the tasks say against what the appliances' disks say. `machineDirs`: by the appliance's name. */
export function countEffects(driven: readonly Driven[], machineDirs: ReadonlyMap<string, string>): Counts {
  const counts: Counts = { effects: 0, lost: [], doubled: [], strange: [], interrupted: 0 };
  const disks = new Map([...machineDirs].map(([name, dir]) => [name, readEffects(dir)]));
  const known = new Set<string>();
  for (const { wish, task } of driven) {
    if (!taskHasEnded(task.status)) counts.lost.push(`${wish.name} has not ended: ${told(task)}`);
    for (const run of task.runs ?? []) {
      known.add(run.id);
      const disk = (disks.get(run.applianceName) ?? []).filter((effect) => effect.run === run.id);
      if (run.reason === "interrupted") counts.interrupted += 1;
      for (const [index, { action }] of (task.plan?.steps ?? []).entries()) {
        const where = `${wish.name} ${run.id} step ${index} (${action}) on ${run.applianceName}, which ${run.status}`;
        const starts = disk.filter((effect) => effect.point === "start" && effect.step === index);
        const ends = disk.filter((effect) => effect.point === "end" && effect.step === index);
        if (starts.length > 1 || ends.length > 1) counts.doubled.push(where);
        if (run.status === "succeeded" && ends.length !== 1) counts.lost.push(where);
      }
    }
    if (task.status === "succeeded" && (task.runs ?? []).some(({ status }) => status !== "succeeded")) {
      counts.lost.push(`${wish.name} succeeded, but: ${JSON.stringify(task.runs)}`);
    }
  }
  for (const [appliance, effects] of disks) {
    const begun = effects.filter(({ point }) => point === "start");
    counts.effects += begun.length;
    for (const effect of begun)
      if (!known.has(effect.run)) counts.strange.push(`${appliance}: ${JSON.stringify(effect)}`);
    // The same request made into two tasks would be two runs, each with one effect: what was asked for is unique.
    for (const [what, times] of timesOf(begun))
      if (times > 1) counts.doubled.push(`${appliance}: ${what}, ${times} times`);
  }
  return counts;
}

function timesOf(effects: readonly Effect[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const { action, values } of effects) {
    const what = `${action} ${JSON.stringify(values)}`;
    times.set(what, (times.get(what) ?? 0) + 1);
  }
  return times;
}

/** `succeeded 180, failed 20` */
export function tally(words: Iterable<string>): string {
  const times = new Map<string, number>();
  for (const word of words) times.set(word, (times.get(word) ?? 0) + 1);
  return [...times].map(([word, count]) => `${word} ${count}`).join(", ");
}

export const endsOf = (driven: readonly { task: TaskView }[]): string => tally(driven.map(({ task }) => task.status));

/** What is worth reading of a task that did not go as it should. */
export function told({ id, status, updatedAt, planning, result, runs }: TaskView): string {
  return JSON.stringify({ id, status, updatedAt, planning, result, runs });
}
