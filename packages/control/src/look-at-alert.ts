import { getAlert, replaceAlert } from "@steward/aws/records/alert";
import { createNotice } from "@steward/aws/records/notice";
import { getNode } from "@steward/aws/records/node";
import { getPresence } from "@steward/aws/records/presence";
import { commit } from "@steward/aws/table";
import { newId } from "@steward/contracts/ids";
import type { AlertState } from "@steward/core/alert/alert-state";
import { reduceAlert } from "@steward/core/alert/reduce-alert";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";
import { silencedBy } from "./find-gateway.ts";
import { noticesOfAlerts, tellOfAlerts } from "./settle-alerts.ts";

/**
 * What an alert's time has come for: its snooze is over, nobody has looked, or it is to be seen whether the gateway in
 * front of its node is back.
 */
export async function lookAtAlert(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "log" | "meter">,
  key: { tenantId: string; alertId: string },
): Promise<void> {
  const before = await getAlert(deps.table, key);
  const nowMs = deps.nowMs();
  if (before?.dueAtMs === undefined || before.dueAtMs > nowMs) return;
  const suppressedBy = before.suppressedBy === undefined ? undefined : await gatewayOf(deps, before);
  const noticeId = newId("notice", nowMs);
  const { state: after, effects } = reduceAlert(
    before,
    { type: "look", noticeId, ...(suppressedBy === undefined ? {} : { suppressedBy }) },
    nowMs,
  );
  if (after === before) return;
  const told = effects.map((effect) => ({ effect, alert: after }));
  const notices = noticesOfAlerts(told, { noticeId, nowMs });
  const audit = audited(nowMs, {
    tenantId: key.tenantId,
    who: "steward:reconcile",
    what: "look-at-alert",
    record: key.alertId,
    before,
    after,
  });
  // That the gateway is still gone, and when it is looked at next, is nobody's history.
  const isStill = after.suppressedBy !== undefined && after.suppressedBy === before.suppressedBy;
  await commit(deps.table, [replaceAlert(before, after), ...notices.map(createNotice), ...(isStill ? [] : [audit])]);
  await tellOfAlerts(deps, notices);
}

async function gatewayOf(deps: Pick<Context, "table" | "nowMs">, alert: AlertState): Promise<string | undefined> {
  const { tenantId, nodeId = "" } = alert;
  const [node, presence] = await Promise.all([
    getNode(deps.table, { tenantId, nodeId }),
    getPresence(deps.table, nodeId),
  ]);
  if (node === undefined || presence === undefined || presence.tenantId !== tenantId) return undefined;
  return silencedBy(deps, node, presence);
}
