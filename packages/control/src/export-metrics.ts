import { createCaches } from "@steward/aws/cache";
import { listAlerts } from "@steward/aws/records/alert";
import { getSweepState } from "@steward/aws/records/sweep-state";
import { listEscalated } from "@steward/aws/records/task";
import { actForSystem } from "@steward/aws/tenant-fence";
import { expositionOf } from "@steward/core/exposition/exposition";
import {
  mostAlertsCounted,
  mostTasksCounted,
  type Seen,
  stewardMetrics,
} from "@steward/core/exposition/steward-metrics";
import { type FleetCounts, healthOf } from "@steward/core/fleet/summary";
import type { Caller, Context } from "./context.ts";
import { countTasks } from "./count-tasks.ts";
import { loadFleet, type WithFleets } from "./fleet-store.ts";
import { freezesInForce } from "./gate-context.ts";
import { type AskedScope, scopeOf } from "./scope-of.ts";
import { type Load, seeLoad } from "./see-load.ts";

type Deps = Pick<Context, "table" | "nowMs" | "stage"> & WithFleets & { version: string };

/** Lanes and workers are the same for everybody: whoever scrapes within so long of another shares what was read. */
const freshMs = 10_000;
const loadOf = createCaches<Load>(freshMs);

/**
 * `GET /metrics`, as Prometheus reads it: for a customer of its tenant, for the provider's staff of the installation. What
 * it reads hangs on neither the number of nodes (a large fleet is one object) nor that of tenants: 9 queries of the
 * tenant's own and its fleet, or 2 reads for the installation; and for the lanes of all 8 queries and a batch, once in ten
 * seconds.
 */
export async function exportMetrics(deps: Deps, caller: Caller, query: { scope?: AskedScope }): Promise<string> {
  const scope = scopeOf(caller, query.scope);
  const [{ lanes, slots, used }, own] = await Promise.all([
    loadOf(deps.table).get("all", () =>
      actForSystem("lanes and workers serve all tenants", () => seeLoad(deps, { countsAll: false })),
    ),
    scope === "installation"
      ? actForSystem("the fleets of all tenants together", () => ofInstallation(deps))
      : ofTenant(deps, caller.tenantId),
  ]);
  const { stage, version } = deps;
  return expositionOf(stewardMetrics({ scope, stage, version, lanes, slots: { all: slots, used }, ...own }));
}

async function ofTenant(deps: Deps, tenantId: string): Promise<Pick<Seen, "fleet" | "tenant">> {
  const [snapshot, alerts, tasks, freezes] = await Promise.all([
    loadFleet(deps, tenantId),
    listAlerts(deps.table, tenantId, { limit: mostAlertsCounted }),
    countTasks(deps, tenantId, mostTasksCounted),
    freezesInForce(deps, tenantId),
  ]);
  return {
    fleet: { atMs: snapshot.atMs, byKind: healthOf(snapshot).byKind },
    tenant: { alerts: alerts.items, tasks, freezes: freezes.length },
  };
}

/** From what the sweep left: nobody adds up tenants for this. */
async function ofInstallation(deps: Deps): Promise<{ fleet: FleetCounts | undefined; escalated: number }> {
  const [swept, escalated] = await Promise.all([
    getSweepState(deps.table),
    listEscalated(deps.table, { limit: mostTasksCounted }),
  ]);
  return { fleet: swept.fleet, escalated: escalated.items.length };
}
