import type { HealthCounts } from "@steward/contracts/fleet";
import { byUrgency, countHealth, type FleetDot, totalOf } from "./fleet-dot.ts";

/** `tenant`, `kind`, `health`, `all`, or the key of a tag: `tag:site`. */
export type Grouping = "tenant" | "kind" | "health" | "all" | `tag:${string}`;

export interface FleetGroup {
  key: string;
  label: string;
  /** No machine's own word: it stands for those that have none. */
  rest: boolean;
  counts: HealthCounts;
  dots: FleetDot[];
}

/** The keys of tags, the most used first: what somebody may want to group by. */
export function tagKeysOf(dots: readonly FleetDot[]): string[] {
  const counts = new Map<string, number>();
  for (const { tags } of dots) {
    for (const key of new Set(tags.map(keyOf))) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([key]) => key);
}

export function groupingOf(text: string | undefined, other: Grouping): Grouping {
  if (text === undefined) return other;
  if (text === "tenant" || text === "kind" || text === "health" || text === "all") return text;
  return /^tag:[a-z][a-z0-9-]{0,31}$/.test(text) ? (text as Grouping) : other;
}

export function groupFleet(
  dots: readonly FleetDot[],
  by: Grouping,
  tenantName: (tenantId: string) => string = (id) => id,
): FleetGroup[] {
  const groups = new Map<string, FleetDot[]>();
  for (const dot of dots) {
    const key = groupKeyOf(dot, by);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [dot]);
    else group.push(dot);
  }
  return [...groups]
    .map(([key, members]) => ({
      key,
      rest: key === "",
      label: labelOf(key, by, tenantName),
      counts: countHealth(members),
      dots: members.sort(byUrgency),
    }))
    .sort(bySizeAndName);
}

/** `site-9` before `site-10`. */
const byName = new Intl.Collator("en", { numeric: true });

/** Where most stand comes first; who belongs nowhere comes last. */
function bySizeAndName(a: FleetGroup, b: FleetGroup): number {
  if (a.rest !== b.rest) return a.rest ? 1 : -1;
  return totalOf(b.counts) - totalOf(a.counts) || byName.compare(a.label, b.label);
}

function groupKeyOf(dot: FleetDot, by: Grouping): string {
  if (by === "tenant") return dot.tenantId;
  if (by === "kind") return dot.kind;
  if (by === "health") return dot.health;
  if (by === "all") return "all";
  const key = by.slice("tag:".length);
  const tag = dot.tags.find((one) => keyOf(one) === key);
  return tag === undefined ? "" : tag.slice(key.length + 1);
}

function labelOf(key: string, by: Grouping, tenantName: (tenantId: string) => string): string {
  if (by === "tenant") return tenantName(key);
  if (by === "kind") return key === "worker" ? "Workers" : "Appliances";
  if (by === "all") return "All machines";
  if (key === "") return `No ${by.slice("tag:".length)}`;
  return key;
}

function keyOf(tag: string): string {
  const at = tag.indexOf(":");
  return at < 0 ? tag : tag.slice(0, at);
}
