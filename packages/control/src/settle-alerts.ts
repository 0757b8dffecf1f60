import { batchGetAlerts, createAlert, replaceAlert } from "@steward/aws/records/alert";
import { getAlerting } from "@steward/aws/records/alerting";
import { createNotice } from "@steward/aws/records/notice";
import type { Write } from "@steward/aws/table";
import { newId } from "@steward/contracts/ids";
import { type AlertState, type AlertSubject, alertIdOf } from "@steward/core/alert/alert-state";
import type { AlertWish } from "@steward/core/alert/node-alerts";
import { boundOpenings, tooMany } from "@steward/core/alert/openings";
import { type AlertEffect, type AlertEvent, openAlert, reduceAlert, reopenMs } from "@steward/core/alert/reduce-alert";
import { severities } from "@steward/contracts/alert";
import { newNotice } from "@steward/core/notification/new-notice";
import type { NoticeState } from "@steward/core/notification/notification-state";
import type { NodeState } from "@steward/core/node/node-state";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";
import { sendNotices } from "./send-notices.ts";

/** Changes of alerts, and what is told of them, to be committed with what they follow from. */
export interface AlertChanges {
  writes: Write[];
  notices: NoticeState[];
  /** What the node has opened now, to be stored with it. */
  openings?: NodeState["openings"];
}

type Raised = Pick<Extract<AlertEvent, { type: "raise" }>, "nodes">;

/**
 * Brings a tenant's alerts to what is wished. Nothing where all is so already. In one transaction with the record that the
 * wishes were decided on: of two who decide on the same one, one starts again.
 */
export async function settleAlerts(
  deps: Pick<Context, "table" | "nowMs">,
  input: {
    tenantId: string;
    wishes: readonly AlertWish[];
    /** Whose they are: it may open so many. Its record is in the transaction, so nobody counts beside it. */
    node?: Pick<NodeState, "nodeId" | "openings">;
    /** Of a node that is silent: the one in front of it, if that may be why. Asked only where an alert would open. */
    suppressedBy?: (subject: AlertSubject) => Promise<string | undefined>;
    raised?: Raised;
    who: string;
    record: string;
  },
): Promise<AlertChanges> {
  const { tenantId, node } = input;
  const nowMs = deps.nowMs();
  const idOf = (subject: AlertSubject) => alertIdOf(tenantId, subject);
  const ids = input.wishes.map(({ subject }) => idOf(subject));
  if (node !== undefined) ids.push(idOf({ kind: "health", nodeId: node.nodeId, part: tooMany }));
  const known = new Map((await batchGetAlerts(deps.table, tenantId, ids)).map((alert) => [alert.alertId, alert]));
  const { wishes, openings } =
    node === undefined
      ? { wishes: input.wishes, openings: undefined }
      : boundOpenings(input.wishes, node, (subject) => known.get(idOf(subject)), nowMs);
  const before: AlertState[] = [];
  const after: AlertState[] = [];
  const told: { effect: AlertEffect; alert: AlertState }[] = [];
  const noticeId = newId("notice", nowMs);
  const escalateAfterMs = lazily(() => escalationOf(deps, tenantId));
  for (const wish of wishes) {
    const state = known.get(idOf(wish.subject));
    if (!("raise" in wish)) {
      if (state === undefined) continue;
      take(state, reduceAlert(state, { type: "clear" }, nowMs));
      continue;
    }
    const opens = state === undefined || state.status === "resolved";
    const suppressedBy = opens ? await input.suppressedBy?.(wish.subject) : undefined;
    const afterMs = await escalateAfterMs();
    const raise: AlertEvent = {
      type: "raise",
      severity: wish.raise,
      noticeId,
      ...(afterMs === undefined ? {} : { escalateAfterMs: afterMs }),
      ...(suppressedBy === undefined ? {} : { suppressedBy }),
      ...input.raised,
    };
    take(
      state,
      state === undefined ? openAlert(tenantId, wish.subject, raise, nowMs) : reduceAlert(state, raise, nowMs),
    );
  }
  function take(state: AlertState | undefined, step: { state: AlertState; effects: AlertEffect[] }) {
    if (step.state === state) return;
    if (state !== undefined) before.push(state);
    after.push(step.state);
    told.push(...step.effects.map((effect) => ({ effect, alert: step.state })));
  }
  const counted = openings === undefined ? {} : { openings };
  if (after.length === 0) return { writes: [], notices: [], ...counted };
  const notices = noticesOfAlerts(told, { noticeId, nowMs });
  return {
    writes: [
      ...after.map((alert) => {
        const previous = known.get(alert.alertId);
        return previous === undefined ? createAlert(alert) : replaceAlert(previous, alert);
      }),
      ...notices.map(createNotice),
      audited(nowMs, { tenantId, who: input.who, what: "settle-alerts", record: input.record, before, after }),
    ],
    notices,
    ...counted,
  };
}

/** Counts what there was to tell, and sends it, once it is stored. */
export async function tellOfAlerts(
  deps: Pick<Context, "queues" | "nowMs" | "log" | "meter">,
  notices: readonly NoticeState[],
): Promise<void> {
  for (const { event } of notices) {
    if (event === "alert.raised") deps.meter("AlertsTold", 1, { Event: "raised" });
    else if (event === "alert.resolved") deps.meter("AlertsTold", 1, { Event: "resolved" });
    else if (event === "alert.escalated") deps.meter("AlertsTold", 1, { Event: "escalated" });
  }
  await sendNotices(deps, notices);
}

/** One notice for each kind of news, however many alerts it is about. What has just ended is told when it stays so. */
export function noticesOfAlerts(
  told: readonly { effect: AlertEffect; alert: AlertState }[],
  { noticeId, nowMs }: { noticeId: string; nowMs: number },
): NoticeState[] {
  const byEvent = Map.groupBy(told, ({ effect }) => effect.event);
  return [...byEvent].flatMap(([event, all]) => {
    const [first] = all;
    if (first === undefined) return [];
    const alerts = all.map(({ alert }) => alert);
    const worst = Math.max(...alerts.map(({ severity }) => severities.indexOf(severity)));
    const about = {
      tenantId: first.alert.tenantId,
      noticeId: event === "alert.raised" ? noticeId : newId("notice", nowMs),
      event,
      alertIds: alerts.map(({ alertId }) => alertId),
      severity: severities[worst] ?? "critical",
      dueAtMs: event === "alert.resolved" ? nowMs + reopenMs : nowMs,
    };
    return newNotice(about, nowMs);
  });
}

export async function escalationOf(deps: Pick<Context, "table">, tenantId: string): Promise<number | undefined> {
  const minutes = (await getAlerting(deps.table, tenantId))?.escalateAfterMinutes;
  return minutes === undefined ? undefined : minutes * 60_000;
}

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
