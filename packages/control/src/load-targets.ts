import { batchGetFacts } from "@steward/aws/records/facts";
import { batchGetNodes, getNode, listNodes } from "@steward/aws/records/node";
import type { Facts } from "@steward/contracts/actions";
import { defaults } from "@steward/contracts/defaults";
import { AppError, type FieldProblem } from "@steward/contracts/errors";
import type { Health } from "@steward/contracts/heartbeat";
import type { NodeKind } from "@steward/contracts/node";
import type { NodeState } from "@steward/core/node/node-state";
import type { Context } from "./context.ts";

/** All live nodes of a tenant, a page at a time. Strongly consistent, unless a moment's age does no harm. */
export async function allNodes(
  deps: Pick<Context, "table">,
  tenantId: string,
  kind?: NodeKind,
  { consistent = true }: { consistent?: boolean } = {},
): Promise<NodeState[]> {
  const nodes: NodeState[] = [];
  let after: string | undefined;
  do {
    const page = await listNodes(deps.table, tenantId, {
      limit: 200,
      consistent,
      ...(kind === undefined ? {} : { kind }),
      ...(after === undefined ? {} : { after }),
    });
    nodes.push(...page.items);
    after = page.after;
  } while (after !== undefined);
  return nodes;
}

/** The appliances that the selectors (id, name, `key:value` or `all`) mean now, sorted by id. */
export async function resolveTargets(
  deps: Pick<Context, "table">,
  tenantId: string,
  selectors: readonly string[],
): Promise<NodeState[]> {
  const appliances = await allNodes(deps, tenantId, "appliance");
  const chosen = new Map<string, NodeState>();
  const problems: FieldProblem[] = [];
  for (const [index, selector] of selectors.entries()) {
    // A revoked one is meant only where it is named, and then the gate says so: it must not stop the rest of a group.
    const met = appliances.filter(
      (node) =>
        selector === node.nodeId ||
        selector === node.name ||
        (node.revokedAtMs === undefined && (selector === "all" || node.tags.includes(selector))),
    );
    if (met.length === 0) problems.push({ path: `targets.${index}`, message: `no appliance is ${selector}` });
    for (const node of met) chosen.set(node.nodeId, node);
  }
  if (problems.length > 0) {
    throw new AppError("unprocessable", "not every target was found", {
      fields: problems,
      next: "see your appliances with: steward appliances ls",
    });
  }
  if (chosen.size > defaults.maxTargets) {
    throw new AppError(
      "unprocessable",
      `${chosen.size} appliances are more than one task may target (${defaults.maxTargets})`,
      {
        next: "narrow the targets with a tag",
      },
    );
  }
  return [...chosen.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

/** The same appliances as they are now; `removed` ones stay in the list, so that the gate can say so. */
export async function loadNodes(
  deps: Pick<Context, "table">,
  tenantId: string,
  nodeIds: readonly string[],
): Promise<(NodeState | undefined)[]> {
  const [only] = nodeIds;
  // At a start and a doorbell it is one; a plan may have thousands.
  if (only !== undefined && nodeIds.length === 1) return [await getNode(deps.table, { tenantId, nodeId: only })];
  return batchGetNodes(deps.table, tenantId, nodeIds);
}

/** What the appliances say of themselves; nothing known is an empty record. */
export async function loadFacts(
  deps: Pick<Context, "table">,
  tenantId: string,
  targets: readonly { id: string; name: string }[],
): Promise<{ id: string; name: string; facts: Facts }[]> {
  const stored = await batchGetFacts(
    deps.table,
    tenantId,
    targets.map((target) => target.id),
  );
  const byNode = new Map(stored.map((one) => [one.nodeId, one.facts]));
  return targets.map((target) => ({ id: target.id, name: target.name, facts: byNode.get(target.id) ?? {} }));
}

/** Targets with their tags and health, which decide about waves: one alone needs none. */
export async function withPlaces<Target extends { id: string }>(
  deps: Pick<Context, "table">,
  tenantId: string,
  targets: readonly Target[],
): Promise<(Target & { tags?: string[]; health?: Health })[]> {
  if (targets.length === 1) return [...targets];
  const nodes = await loadNodes(
    deps,
    tenantId,
    targets.map((target) => target.id),
  );
  return targets.map((target, index) => {
    const node = nodes[index];
    return node === undefined ? { ...target } : { ...target, tags: node.tags, health: node.health };
  });
}
