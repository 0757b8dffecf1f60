import type { RolloutParameters } from "@steward/contracts/plan";
import { awaitsStart, isUnderWay } from "../run/run-phase.ts";
import type { RunState } from "../run/run-state.ts";
import type { Fleet, Seen } from "./fleet-view.ts";

export interface SiteMinimum {
  /** Undefined: it may be sent to, and is counted as taken from now on. Else why not. */
  take(applianceId: string): string | undefined;
}

/**
 * Keeps so many appliances of each site healthy and untouched. Offline and critical ones are not; neither are those that
 * have their command and have not ended, also where they are away: they may start at any time. An appliance without a
 * site is not held.
 */
export function siteMinimum(
  minHealthy: NonNullable<RolloutParameters["minHealthy"]>,
  runs: readonly RunState[],
  fleet: Fleet,
): SiteMinimum {
  const out = new Set<string>();
  const sites = new Map<string, { size: number; out: number }>();
  for (const run of runs) if (isTouched(run)) out.add(run.applianceId);
  for (const [id, seen] of fleet) {
    if (!isWell(seen)) out.add(id);
    for (const name of seen.sites) {
      const site = sites.get(name) ?? { size: 0, out: 0 };
      site.size += 1;
      if (out.has(id)) site.out += 1;
      sites.set(name, site);
    }
  }

  return {
    take(applianceId) {
      const more = out.has(applianceId) ? 0 : 1;
      const own = (fleet.get(applianceId)?.sites ?? []).map((name) => ({ name, site: sites.get(name) }));
      for (const { name, site } of own) {
        if (site === undefined) continue;
        const needed = "count" in minHealthy ? minHealthy.count : Math.ceil((site.size * minHealthy.percent) / 100);
        const left = site.size - site.out - more;
        if (left < needed) {
          return `${name} has ${site.size} appliances, of which ${needed} stay healthy and untouched; ${left} would be left.`;
        }
      }
      if (more === 1) {
        out.add(applianceId);
        for (const { site } of own) if (site !== undefined) site.out += 1;
      }
      return undefined;
    },
  };
}

function isTouched(run: RunState): boolean {
  return awaitsStart(run) || isUnderWay(run) || run.status === "unreachable";
}

function isWell({ health }: Seen): boolean {
  return health === "healthy" || health === "warning";
}
