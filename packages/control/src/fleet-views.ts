import { listTasks } from "@steward/aws/records/task";
import type { Health } from "@steward/contracts/heartbeat";
import type { statsSchema } from "@steward/contracts/views";
import type { z } from "zod";
import type { Caller, Context } from "./context.ts";
import { freezesInForce } from "./gate-context.ts";
import { allNodes } from "./load-targets.ts";
import { nodeView, presencesOf } from "./node-views.ts";

const activeStatuses = ["queued", "thinking", "needs_input", "awaiting_approval", "running", "cancelling"] as const;
const countLimit = 200;

/** What is wrong, what is running, what waits for a person. Counts stop at 200 a status. */
export async function stats(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
): Promise<z.infer<typeof statsSchema>> {
  const nodes = await allNodes(deps, caller.tenantId);
  const [presences, freezes, counts] = await Promise.all([
    presencesOf(deps, nodes),
    freezesInForce(deps, caller.tenantId),
    Promise.all(
      activeStatuses.map(async (status) => ({
        status,
        count: (await listTasks(deps.table, caller.tenantId, { status, limit: countLimit })).items.length,
      })),
    ),
  ]);
  const health: Record<Health, number> = { healthy: 0, warning: 0, critical: 0, offline: 0 };
  for (const node of nodes) health[nodeView(node, presences.get(node.nodeId), deps.nowMs()).health] += 1;
  const countOf = (statuses: readonly string[]) =>
    counts.filter((one) => statuses.includes(one.status)).reduce((sum, one) => sum + one.count, 0);
  return {
    nodes: health,
    tasks: { active: countOf(activeStatuses), waitingForMe: countOf(["needs_input", "awaiting_approval"]) },
    freezes: freezes.length,
  };
}
