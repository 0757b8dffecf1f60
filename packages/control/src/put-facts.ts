import { putFacts as storeFacts } from "@steward/aws/records/facts";
import type { Facts } from "@steward/contracts/actions";
import { canonicalHash } from "@steward/contracts/canonical";
import { redactFacts } from "@steward/contracts/facts";
import { AppError } from "@steward/contracts/errors";
import type { Context, NodeCaller } from "./context.ts";

/** Keeps what an appliance says of itself. Only it may; what it says is data and grants nothing. */
export async function putFacts(
  deps: Pick<Context, "table" | "nowMs">,
  node: NodeCaller,
  params: { nodeId: string },
  facts: Facts,
): Promise<void> {
  if (params.nodeId !== node.nodeId) throw new AppError("not_found", `there is no appliance ${params.nodeId}`);
  await storeFacts(deps.table, {
    v: 1,
    tenantId: node.tenantId,
    nodeId: node.nodeId,
    // An older agent may not have done so itself. The digest stays the one of what it said.
    facts: redactFacts(facts),
    digest: canonicalHash(facts),
    updatedAtMs: deps.nowMs(),
  });
}
