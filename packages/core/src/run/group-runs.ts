import { canonicalHash } from "@steward/contracts/canonical";
import type { RunState } from "./run-state.ts";

/** Runs with the same content: how many, and the first of their appliances by name. */
export type RunGroup<Content> = Content & { count: number; appliances: { id: string; name: string }[] };

/** A person reads no more of either, and the answer has to fit. */
export const shownAppliances = 20;
export const shownGroups = 50;

/**
 * Puts runs together whose content is the same (all of it, or `keyOf` it), the largest group first. The group's content is
 * that of its first appliance by name.
 */
export function groupRuns<Content extends object>(
  runs: readonly RunState[],
  contentOf: (run: RunState) => Content,
  keyOf: (content: Content) => unknown = (content) => content,
): RunGroup<Content>[] {
  const groups = new Map<string, RunGroup<Content>>();
  const byName = runs.toSorted(
    (a, b) => compare(a.applianceName, b.applianceName) || compare(a.applianceId, b.applianceId),
  );
  for (const run of byName) {
    const content = contentOf(run);
    const key = canonicalHash(keyOf(content));
    const group = groups.get(key) ?? { ...content, count: 0, appliances: [] };
    group.count += 1;
    if (group.appliances.length < shownAppliances) {
      group.appliances.push({ id: run.applianceId, name: run.applianceName });
    }
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
