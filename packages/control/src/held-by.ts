import { gate } from "@steward/core/gate/gate";
import type { TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";
import { gateContext } from "./gate-context.ts";

/** Rules that hold a plan back for a while: freezes, and windows in which nothing is changed. */
const holding: ReadonlySet<string> = new Set(["freeze", "windows"]);

/** Why a plan that was made would not be sent now, although it may later; undefined: nothing holds it. */
export async function heldBy(
  deps: Pick<Context, "table" | "nowMs" | "release">,
  task: TaskState,
): Promise<string | undefined> {
  if (task.plan === undefined) return undefined;
  const { reasons } = gate(task.plan, await gateContext(deps, task, task.plan, "doorbell"));
  return reasons.find(({ rule, decision }) => decision === "deny" && holding.has(rule))?.why;
}
