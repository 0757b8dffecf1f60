import { severities, type Severity } from "@steward/contracts/alert";
import type { NodeState } from "../node/node-state.ts";
import type { AlertState, AlertSubject } from "./alert-state.ts";
import type { AlertWish } from "./node-alerts.ts";
import { opensAnew } from "./reduce-alert.ts";

const hourMs = 3_600_000;
/** Far more than anything real has. Each opening is a record, a notice and a mail to everybody. */
export const maxOpenings = 20;
/** Stands for all that is beyond it. */
export const tooMany = "too-many";

/**
 * What a node's health may open: so many alerts an hour, since the node itself says what they are about, and one for all
 * that is beyond. That one is over once the node is heard and nothing is left out.
 */
export function boundOpenings(
  wishes: readonly AlertWish[],
  node: Pick<NodeState, "nodeId" | "openings">,
  stateOf: (subject: AlertSubject) => AlertState | undefined,
  nowMs: number,
): { wishes: AlertWish[]; openings: NodeState["openings"] } {
  const before = node.openings;
  const isOver = before === undefined || nowMs - before.sinceMs >= hourMs;
  let count = isOver ? 0 : before.count;
  const leftOut: Severity[] = [];
  const kept = wishes.filter((wish) => {
    if (!("raise" in wish) || wish.subject.kind !== "health" || !opensAnew(stateOf(wish.subject), nowMs)) return true;
    if (count < maxOpenings) {
      count += 1;
      return true;
    }
    leftOut.push(wish.raise);
    return false;
  });
  const subject: AlertSubject = { kind: "health", nodeId: node.nodeId, part: tooMany };
  const isHeard = wishes.some((wish) => wish.subject.kind === "offline" && "clear" in wish);
  const isOpen = before?.left === true;
  const left = leftOut.length > 0 || (isOpen && !isHeard);
  if (leftOut.length > 0) {
    const worst = Math.max(...leftOut.map((severity) => severities.indexOf(severity)));
    kept.push({ subject, raise: severities[worst] ?? "critical" });
  } else if (isOpen && isHeard) kept.push({ subject, clear: true });
  if (count === (before?.count ?? 0) && left === isOpen) return { wishes: kept, openings: before };
  return { wishes: kept, openings: { sinceMs: isOver ? nowMs : before.sinceMs, count, ...(left ? { left } : {}) } };
}
