import type { WebhookBody } from "@steward/contracts/notification";
import type { Scenario, Settings } from "./scenario.ts";
import { noticedWithinMs } from "./noticed-within.ts";

/** What a receiver was sent, in milliseconds since the start. */
export interface Sent {
  body: WebhookBody;
  atMs: number;
}

export interface AlertScore {
  /** Requests that receivers were sent, in all. */
  notifications: number;
  /** Alerts that they were told of as raised, by kind. */
  raised: Record<string, number>;
  /** Of our own outage, told while it lasted or was still noticed: alerts raised, and notifications sent for them. */
  outageAlerts: number;
  outageNotifications: number;
  /** Deaths that lasted, of which no alert was told. */
  missed: number;
  /** Told again though it was not over in between, or sent again. */
  doubled: number;
  /** Told of a node that was there, or of many that were. */
  falseAlerts: number;
}

/** Holds what people were sent against what happened. */
export function scoreAlerts(
  settings: Settings,
  scenario: Scenario,
  { sent, nodeIds }: { sent: readonly Sent[]; nodeIds: readonly string[] },
): AlertScore {
  const limitMs = noticedWithinMs(settings.intervalSeconds) + 120_000;
  const endMs = settings.minutes * 60_000;
  const result: AlertScore = {
    notifications: sent.length,
    raised: {},
    outageAlerts: 0,
    outageNotifications: 0,
    missed: 0,
    doubled: 0,
    falseAlerts: 0,
  };
  const seen = new Set<string>();
  const open = new Set<string>();
  const raisedOf = new Map<string, number[]>();
  const outage = scenario.outage && { fromMs: scenario.outage.fromMs, toMs: scenario.outage.toMs + limitMs };
  const sites = scenario.silences.filter(({ cause }) => cause === "site");
  for (const { body, atMs } of sent) {
    // The same notice twice says the same id: its receiver can tell.
    if (seen.has(body.id)) result.doubled += 1;
    seen.add(body.id);
    const isOutage = outage !== undefined && atMs >= outage.fromMs && atMs <= outage.toMs;
    const isOfMany = body.alerts?.some(({ kind }) => kind === "fleet-silent") === true;
    if (isOutage && isOfMany && body.event === "alert.raised") result.outageNotifications += 1;
    for (const alert of body.alerts ?? []) {
      if (body.event === "alert.resolved") open.delete(alert.id);
      if (body.event !== "alert.raised") continue;
      result.raised[alert.kind] = (result.raised[alert.kind] ?? 0) + 1;
      if (open.has(alert.id)) result.doubled += 1;
      open.add(alert.id);
      if (alert.kind === "fleet-silent") {
        const ofSite = sites.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs + limitMs);
        if (isOutage) result.outageAlerts += 1;
        else if (!ofSite) result.falseAlerts += 1;
      }
      if (alert.kind !== "offline" || alert.node === undefined) continue;
      const raised = raisedOf.get(alert.node.id);
      if (raised === undefined) raisedOf.set(alert.node.id, [atMs]);
      else raised.push(atMs);
    }
  }
  nodeIds.forEach((nodeId, node) => {
    const silences = scenario.silences.filter((one) => one.node === node);
    const raised = raisedOf.get(nodeId) ?? [];
    for (const { fromMs, toMs } of silences) {
      const lasts = toMs - fromMs >= limitMs && fromMs + limitMs <= endMs;
      const hidden = outage !== undefined && fromMs < outage.toMs && outage.fromMs < toMs;
      const isTold = raised.some((atMs) => atMs >= fromMs && atMs <= toMs + limitMs);
      if (lasts && !hidden && !isTold) result.missed += 1;
    }
    const isAbout = (atMs: number) => silences.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs + limitMs);
    result.falseAlerts += raised.filter((atMs) => !isAbout(atMs)).length;
  });
  return result;
}
