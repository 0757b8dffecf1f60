import { type AlertStatus, type Severity, severities } from "@steward/contracts/alert";
import { flowStages } from "@steward/contracts/fleet";
import { healthLevels } from "@steward/contracts/heartbeat";
import type { Lane } from "@steward/contracts/names";
import { nodeKinds } from "@steward/contracts/node";
import type { FleetCounts } from "../fleet/summary.ts";
import type { MetricFamily, Sample } from "./exposition.ts";

/** What waits in a lane. `waitSeconds` absent: nobody knows. */
export interface LaneSeen {
  lane: Lane;
  queued: number;
  heldBack: number;
  oldestSeconds: number;
  waitSeconds?: number;
}

/** What a tenant has to see, and nobody else's. */
export interface TenantSeen {
  alerts: readonly { status: AlertStatus; severity: Severity; suppressedBy?: string | undefined }[];
  tasks: readonly { stage: string; count: number }[];
  freezes: number;
}

export interface Seen {
  scope: "installation" | "tenant";
  stage: string;
  version: string;
  /** Absent: nobody has swept yet. */
  fleet: FleetCounts | undefined;
  lanes: readonly LaneSeen[];
  slots: { all: number; used: number };
  tenant?: TenantSeen;
  /** Requests of all tenants that wait for the provider's staff; for them alone. */
  escalated?: number;
}

/** Counts of requests stop there, as those of `GET /stats` do. */
export const mostTasksCounted = 200;
/** And those of alerts. */
export const mostAlertsCounted = 1_000;

/**
 * `GET /metrics`: how many lines there are does not hang on how many nodes or tenants. Every label has the values that
 * stand in the code, so that nobody's text is one; what cannot be known just now is left out.
 */
export function stewardMetrics(seen: Seen): MetricFamily[] {
  const { scope, stage, version, fleet, lanes, slots, tenant, escalated } = seen;
  const ofLanes = (value: (lane: LaneSeen) => number | undefined) =>
    lanes.flatMap((one) => ofOne(value(one), { lane: one.lane }));
  return [
    {
      name: "steward_build_info",
      help: "The version that answers, and of what it tells: one tenant, or the installation.",
      samples: [{ labels: { version, stage, scope }, value: 1 }],
    },
    {
      name: "steward_nodes",
      help: "Enrolled machines, by kind and health.",
      samples: fleet === undefined ? [] : samplesOfFleet(fleet),
    },
    {
      name: "steward_nodes_timestamp_seconds",
      help: "When the machines were counted.",
      samples: ofOne(fleet === undefined ? undefined : fleet.atMs / 1000),
    },
    {
      name: "steward_alerts",
      help: `Alerts that are so now, by severity, and whether somebody looks after them. Counted up to ${mostAlertsCounted}.`,
      samples: tenant === undefined ? [] : samplesOfAlerts(tenant),
    },
    {
      name: "steward_alerts_suppressed",
      help: "Alerts of machines behind a silent gateway, of which nobody is told.",
      samples: ofOne(tenant?.alerts.filter(({ suppressedBy }) => suppressedBy !== undefined).length),
    },
    {
      name: "steward_tasks",
      help: `Requests that have not ended, by status. Counted up to ${mostTasksCounted} each.`,
      samples:
        tenant === undefined
          ? []
          : flowStages.map((status) => ({
              labels: { status },
              value: tenant.tasks.find(({ stage: one }) => one === status)?.count ?? 0,
            })),
    },
    { name: "steward_freezes", help: "Freezes in force.", samples: ofOne(tenant?.freezes) },
    {
      name: "steward_tasks_escalated",
      help: `Requests of all tenants that wait for the provider's staff. Counted up to ${mostTasksCounted}.`,
      samples: ofOne(escalated),
    },
    {
      name: "steward_lane_queued_jobs",
      help: "Jobs of all tenants that wait in a lane, with those that are held back. Counted up to 2000.",
      samples: ofLanes(({ queued }) => queued),
    },
    {
      name: "steward_lane_held_back_jobs",
      help: "Of those, the ones that their tenant's window holds back.",
      samples: ofLanes(({ heldBack }) => heldBack),
    },
    {
      name: "steward_lane_oldest_job_seconds",
      help: "Age of the oldest job that waits in a lane; 0 where none does.",
      samples: ofLanes(({ oldestSeconds }) => oldestSeconds),
    },
    {
      name: "steward_lane_expected_wait_seconds",
      help: "How long a job that is queued now will wait. Absent while no worker lives.",
      samples: ofLanes(({ waitSeconds }) => waitSeconds),
    },
    {
      name: "steward_worker_slots",
      help: "Slots of the workers that would take a job.",
      samples: ofOne(slots.all),
    },
    { name: "steward_worker_slots_used", help: "Of those, the ones at work.", samples: ofOne(slots.used) },
  ];
}

function samplesOfFleet({ byKind }: FleetCounts): Sample[] {
  return nodeKinds.flatMap((kind) =>
    healthLevels.map((health) => ({ labels: { kind, health }, value: byKind[kind][health] })),
  );
}

function samplesOfAlerts({ alerts }: TenantSeen): Sample[] {
  return severities.flatMap((severity) =>
    (["open", "acknowledged"] as const).map((status) => ({
      labels: { severity, status },
      value: alerts.filter(
        (one) => one.suppressedBy === undefined && one.severity === severity && one.status === status,
      ).length,
    })),
  );
}

function ofOne(value: number | undefined, labels: Readonly<Record<string, string>> = {}): Sample[] {
  return value === undefined ? [] : [{ labels, value }];
}
