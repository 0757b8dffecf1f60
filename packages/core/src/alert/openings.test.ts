import { expect, test } from "vitest";
import { startMs } from "../../test/fixtures.ts";
import { type AlertState, type AlertSubject, alertIdOf } from "./alert-state.ts";
import { alertsOfNode } from "./node-alerts.ts";
import { boundOpenings, maxOpenings, tooMany } from "./openings.ts";
import { openAlert, reduceAlert } from "./reduce-alert.ts";

const minuteMs = 60_000;

/** A node that tells what it likes, beat after beat; its alerts, as its record has them. */
function hostileNode() {
  const alerts = new Map<string, AlertState>();
  const told: string[] = [];
  let node: Parameters<typeof boundOpenings>[1] & { causes: { part: string; level: "warning" | "critical" }[] } = {
    nodeId: "apl_1",
    causes: [],
  };
  const idOf = (subject: AlertSubject) => alertIdOf("ten_1", subject);
  return {
    alerts,
    told,
    beat(parts: string[], nowMs: number) {
      const causes = parts.map((part) => ({ part, level: "warning" as const }));
      const wished = alertsOfNode({ ...node, health: "warning" }, { health: "warning", causes }, { grouped: false });
      const { wishes, openings } = boundOpenings(wished, node, (subject) => alerts.get(idOf(subject)), nowMs);
      for (const wish of wishes) {
        const state = alerts.get(idOf(wish.subject));
        const raise = "raise" in wish ? { type: "raise" as const, severity: wish.raise, noticeId: "ntc_1" } : undefined;
        if (state === undefined && raise === undefined) continue;
        const step =
          state === undefined
            ? openAlert("ten_1", wish.subject, raise ?? { type: "raise", severity: "warning", noticeId: "" }, nowMs)
            : reduceAlert(state, raise ?? { type: "clear" }, nowMs);
        alerts.set(step.state.alertId, step.state);
        for (const { event } of step.effects) if (event === "alert.raised") told.push(step.state.part ?? "");
      }
      node = { nodeId: "apl_1", causes, ...(openings === undefined ? {} : { openings }) };
    },
    open: () => [...alerts.values()].filter(({ status }) => status === "open").map(({ part }) => part),
  };
}

test("a node that finds something else wrong at each beat opens so many alerts an hour, and one for all the rest", () => {
  const node = hostileNode();
  for (let beat = 0; beat < 300; beat += 1) node.beat([`service:x${beat}`], startMs + beat * 10_000);
  expect(node.alerts.size).toBe(maxOpenings + 1);
  expect(node.told).toHaveLength(maxOpenings + 1);
  expect(node.open()).toEqual([tooMany]);
  // An hour later what it tells counts again, and nothing is left out.
  node.beat(["service:y"], startMs + 61 * minuteMs);
  expect(node.open()).toEqual(["service:y"]);
});

test("what comes and goes within minutes is one opening, and what a node has all at once has room", () => {
  const node = hostileNode();
  for (let beat = 0; beat < 60; beat += 1) {
    node.beat(beat % 2 === 0 ? ["service:nginx", "diskPercent"] : ["diskPercent"], startMs + beat * minuteMs);
  }
  expect(node.told).toEqual(["service:nginx", "diskPercent"]);
  expect([...node.alerts.values()].map(({ part }) => part)).not.toContain(tooMany);
});
