import { listActiveFreezes } from "@steward/aws/records/freeze";
import { getPerson, listPeople } from "@steward/aws/records/person";
import { contentHash, executablePlan, type Plan, planHash } from "@steward/contracts/plan";
import { hasRole, roleIn } from "@steward/contracts/roles";
import { targetsRoot } from "@steward/contracts/targets-proof";
import type { GateContext } from "@steward/core/gate/gate-context";
import type { TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";
import { loadNodes } from "./load-targets.ts";

/** Freezes in force for a tenant now: its own and the provider's. */
export async function freezesInForce(deps: Pick<Context, "table" | "nowMs">, tenantId: string) {
  const nowMs = deps.nowMs();
  return (await listActiveFreezes(deps.table, tenantId)).filter(
    (freeze) => freeze.endedAtMs === undefined && freeze.untilMs > nowMs,
  );
}

/** Hashes computed now from what the plan says, never taken from it. */
export function recomputedHashes(plan: Plan, taskId: string): { contentHash: string; planHash: string } {
  const content = contentHash(executablePlan({ ...plan, targetsRoot: targetsRoot(plan.targets) }));
  return {
    contentHash: content,
    planHash: planHash({ contentHash: content, taskId, mode: plan.mode, expiresAtMs: plan.expiresAtMs }),
  };
}

/** Reads everything that the gate looks at, as it is now. `targetIds` narrows the targets at a doorbell or a start. */
export async function gateContext(
  deps: Pick<Context, "table" | "nowMs" | "release">,
  task: TaskState,
  plan: Plan,
  moment: GateContext["moment"],
  options: { approver?: GateContext["approver"]; approvedPlanHash?: string; targetIds?: readonly string[] } = {},
): Promise<GateContext> {
  const targetIds = options.targetIds ?? plan.targets;
  const [requester, people, freezes, { release }, nodes] = await Promise.all([
    getPerson(deps.table, task.requestedBy.id),
    listPeople(deps.table, task.tenantId),
    freezesInForce(deps, task.tenantId),
    deps.release(),
    loadNodes(deps, task.tenantId, targetIds),
  ]);
  const requesterRole =
    requester === undefined || requester.disabledAtMs !== undefined
      ? undefined
      : roleIn(requester.grants, task.tenantId);
  // The provider's staff (`*`) may approve for a tenant, but a tenant whose only own person asks is still alone.
  const otherApprovers = people.filter((person) => {
    if (person.personId === task.requestedBy.id || person.disabledAtMs !== undefined) return false;
    const own = person.grants.filter((grant) => grant.tenant === task.tenantId);
    const role = roleIn(own, task.tenantId);
    return role !== undefined && hasRole(role, "approver");
  }).length;
  return {
    nowMs: deps.nowMs(),
    moment,
    tenantId: task.tenantId,
    requester: { id: task.requestedBy.id, role: requesterRole },
    ...(options.approver === undefined ? {} : { approver: options.approver }),
    otherApprovers,
    fromWords: task.instruction !== undefined,
    recomputed: recomputedHashes(plan, task.taskId),
    ...(options.approvedPlanHash === undefined ? {} : { approvedPlanHash: options.approvedPlanHash }),
    approved: task.approval !== undefined,
    release: {
      version: release.version,
      expiresAtMs: release.expiresAtMs,
      actions: Object.fromEntries(release.actions.map((action) => [action.id, action.bundle])),
    },
    freezes: freezes.map((freeze) => ({ reason: freeze.reason, untilMs: freeze.untilMs })),
    targets: nodes.map((node, index) => {
      const id = targetIds[index] ?? "";
      const name = node?.name ?? id;
      return {
        id,
        name,
        tenantId: node?.tenantId ?? "",
        confirmed: node?.confirmedAtMs !== undefined,
        quarantined: node?.quarantinedAtMs !== undefined,
        removed: node === undefined || node.removedAtMs !== undefined,
      };
    }),
  };
}
