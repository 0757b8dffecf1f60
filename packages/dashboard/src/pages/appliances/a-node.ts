import type { NodeView } from "@steward/contracts/node";

/** Of tests: a machine that is well. */
export function aNode(given: Partial<NodeView> = {}): NodeView {
  return {
    id: "apl_01k00000000000000000000000",
    tenantId: "ten_01k00000000000000000000000",
    kind: "appliance",
    name: "nas-1",
    tags: [],
    doorbell: "pull",
    health: "healthy",
    confirmed: true,
    ...given,
  };
}
