import * as records from "@steward/aws/records/alert";
import { batchGetNodes } from "@steward/aws/records/node";
import { commit } from "@steward/aws/table";
import type { AlertKind, AlertStatus, AlertView, Severity } from "@steward/contracts/alert";
import { AppError } from "@steward/contracts/errors";
import type { AlertState } from "@steward/core/alert/alert-state";
import { type AlertEvent, reduceAlert } from "@steward/core/alert/reduce-alert";
import { summaryOf } from "@steward/core/alert/summary-of";
import type { NodeState } from "@steward/core/node/node-state";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

type Deps = Pick<Context, "table" | "nowMs">;

export interface AlertQuery {
  status?: AlertStatus | undefined;
  kind?: AlertKind | undefined;
  severity?: Severity | undefined;
  nodeId?: string | undefined;
  suppressed?: "true" | undefined;
}

/** Newest first. Without a status those that are so now; those behind a silent gateway only where they are asked for. */
export async function listAlerts(
  deps: Deps,
  caller: Caller,
  query: AlertQuery & { limit: number; after?: string | undefined },
): Promise<{ items: AlertView[]; after?: string }> {
  const { kind, severity, nodeId, suppressed } = query;
  const page = await records.listAlerts(deps.table, caller.tenantId, {
    limit: query.limit,
    ...(query.after === undefined ? {} : { after: query.after }),
    status: query.status,
    accept: (alert) =>
      (kind === undefined || alert.kind === kind) &&
      (severity === undefined || alert.severity === severity) &&
      (nodeId === undefined || alert.nodeId === nodeId) &&
      (suppressed === "true" || alert.suppressedBy === undefined),
  });
  return {
    items: await views(deps, caller.tenantId, page.items),
    ...(page.after === undefined ? {} : { after: page.after }),
  };
}

export async function getAlert(deps: Deps, caller: Caller, params: { alertId: string }): Promise<AlertView> {
  return viewOne(deps, await load(deps, caller, params.alertId));
}

/** Somebody has seen it, and looks after it. Again: nothing more happens. Throws `invalid_transition` where it is over. */
export async function acknowledgeAlert(deps: Deps, caller: Caller, params: { alertId: string }): Promise<AlertView> {
  return change(deps, caller, params, "acknowledge-alert", () => ({ type: "acknowledge", by: person(caller) }));
}

/** Nobody is told of it for so long, unless it becomes worse. The last snooze counts. */
export async function snoozeAlert(
  deps: Deps,
  caller: Caller,
  params: { alertId: string },
  body: { minutes: number },
): Promise<AlertView> {
  return change(deps, caller, params, "snooze-alert", (nowMs) => ({
    type: "snooze",
    by: person(caller),
    untilMs: nowMs + body.minutes * 60_000,
  }));
}

async function change(
  deps: Deps,
  caller: Caller,
  params: { alertId: string },
  what: string,
  eventAt: (nowMs: number) => AlertEvent,
): Promise<AlertView> {
  return retryOnConflict(async () => {
    const before = await load(deps, caller, params.alertId);
    const nowMs = deps.nowMs();
    const { state: after } = reduceAlert(before, eventAt(nowMs), nowMs);
    if (after !== before) {
      const { tenantId, principal, requestId } = caller;
      await commit(deps.table, [
        records.replaceAlert(before, after),
        audited(nowMs, { tenantId, who: principal.id, what, record: after.alertId, before, after, requestId }),
      ]);
    }
    return viewOne(deps, after);
  });
}

function person({ principal }: Caller): { id: string; name: string } {
  return { id: principal.id, name: principal.name };
}

async function load(deps: Deps, caller: Caller, alertId: string): Promise<AlertState> {
  const state = await records.getAlert(deps.table, { tenantId: caller.tenantId, alertId });
  if (state === undefined) {
    throw new AppError("not_found", `there is no alert ${alertId}`, { next: "list them: steward alerts ls" });
  }
  return state;
}

async function viewOne(deps: Deps, alert: AlertState): Promise<AlertView> {
  const [view] = await views(deps, alert.tenantId, [alert]);
  if (view === undefined) throw new AppError("internal", "an alert has no view");
  return view;
}

async function views(deps: Deps, tenantId: string, alerts: readonly AlertState[]): Promise<AlertView[]> {
  const nodeIds = [...new Set(alerts.flatMap(({ nodeId }) => nodeId ?? []))];
  const nodes = await batchGetNodes(deps.table, tenantId, nodeIds);
  const byId = new Map(nodes.flatMap((node) => (node === undefined ? [] : [[node.nodeId, node] as const])));
  return alerts.map((alert) => viewOf(alert, byId.get(alert.nodeId ?? "")));
}

function viewOf(alert: AlertState, node: NodeState | undefined): AlertView {
  const iso = (timeMs: number) => new Date(timeMs).toISOString();
  const time = <Name extends string>(name: Name, timeMs: number | undefined) =>
    (timeMs === undefined ? {} : { [name]: iso(timeMs) }) as Partial<Record<Name, string>>;
  const { acknowledgedBy, snoozedBy, suppressedBy, nodes, part } = alert;
  return {
    id: alert.alertId,
    kind: alert.kind,
    status: alert.status,
    severity: alert.severity,
    summary: summaryOf(alert, node?.name ?? alert.nodeId ?? ""),
    ...(node === undefined ? {} : { node: { id: node.nodeId, name: node.name, health: node.health } }),
    ...(part === undefined ? {} : { part }),
    ...(nodes === undefined ? {} : { nodes }),
    startsAt: iso(alert.startsAtMs),
    openings: alert.openings,
    ...time("acknowledgedAt", alert.acknowledgedAtMs),
    ...(acknowledgedBy === undefined ? {} : { acknowledgedBy }),
    ...time("snoozedUntil", alert.snoozedUntilMs),
    ...(snoozedBy === undefined ? {} : { snoozedBy }),
    ...(suppressedBy === undefined ? {} : { suppressedBy }),
    ...time("toldAt", alert.told?.firstAtMs),
    ...time("escalatedAt", alert.escalatedAtMs),
    ...time("resolvedAt", alert.resolvedAtMs),
    past: alert.past.map((one) => ({
      startsAt: iso(one.startsAtMs),
      resolvedAt: iso(one.resolvedAtMs),
      severity: one.severity,
      ...(one.acknowledgedBy === undefined ? {} : { acknowledgedBy: one.acknowledgedBy }),
    })),
  };
}
