import { gate, type RuleName } from "@steward/core/gate/gate";
import type { TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";
import { gateContext } from "./gate-context.ts";

/** Why a plan that was made would not be sent now, although it may later: a freeze, a window. Undefined: nothing holds it. */
export async function heldBy(
  deps: Pick<Context, "table" | "nowMs" | "release">,
  task: TaskState,
): Promise<string | undefined> {
  if (task.plan === undefined) return undefined;
  const { held, reasons } = gate(task.plan, await gateContext(deps, task, task.plan, "doorbell"));
  if (held === undefined) return undefined;
  const passing: ReadonlySet<string> = new Set<RuleName>(["freeze", "window"]);
  return reasons.find(({ rule, decision }) => decision === "deny" && passing.has(rule))?.why ?? "It would be held.";
}
