import { listActiveFreezes } from "@steward/aws/records/freeze";
import { getPerson, listPeople } from "@steward/aws/records/person";
import { getTenant } from "@steward/aws/records/tenant";
import { type Approval, approvalSchema } from "@steward/contracts/envelope";
import { contentHash, executablePlan, keepsWaves, type Plan, planHash } from "@steward/contracts/plan";
import { hasRole, type Role, roleIn } from "@steward/contracts/roles";
import { targetsRoot } from "@steward/contracts/targets-proof";
import type { GateContext } from "@steward/core/gate/gate-context";
import { grantsOf } from "@steward/core/principal/grants";
import type { TaskState } from "@steward/core/task/task-state";
import type { PersonState } from "@steward/core/tenant/tenant-state";
import type { Context } from "./context.ts";
import { scheduleContext } from "./schedule-context.ts";
import { loadNodes } from "./load-targets.ts";
import { isTokenId, standingOf } from "./principal-standing.ts";

/** Freezes in force for a tenant now: its own and the provider's. */
export async function freezesInForce(deps: Pick<Context, "table" | "nowMs">, tenantId: string) {
  const nowMs = deps.nowMs();
  return (await listActiveFreezes(deps.table, tenantId)).filter(
    (freeze) => freeze.endedAtMs === undefined && freeze.untilMs > nowMs,
  );
}

/** Hashes computed now from what the plan says, never taken from it. */
export function recomputedHashes(plan: Plan, taskId: string): { contentHash: string; planHash: string } {
  const root = targetsRoot(plan.targets);
  // The list decides who is sent to and the waves when, the root and the digest are what is hashed: either alone would let the
  // other be changed.
  const content = contentHash({
    ...executablePlan(plan),
    targetsRoot: root === plan.targetsRoot && keepsWaves(plan) ? root : `${root} and ${plan.targetsRoot}`,
  });
  return {
    contentHash: content,
    planHash: planHash({ contentHash: content, taskId, mode: plan.mode, expiresAtMs: plan.expiresAtMs }),
  };
}

/**
 * What the signed document says that a person said yes to; the record around it says nothing. Undefined: no approval;
 * `unreadable`: something that is none, which the gate takes for one of another plan.
 */
function approvalOf(task: TaskState): Pick<Approval, "planHash" | "approvedBy"> | undefined {
  if (task.approval === undefined) return undefined;
  const unreadable = { planHash: "unreadable", approvedBy: task.approval.by };
  try {
    const payload: unknown = JSON.parse(Buffer.from(task.approval.document.payload, "base64").toString("utf8"));
    const parsed = approvalSchema.safeParse(payload);
    if (!parsed.success || parsed.data.tenantId !== task.tenantId || parsed.data.taskId !== task.taskId) {
      return unreadable;
    }
    return parsed.data;
  } catch {
    return unreadable;
  }
}

function roleOf(person: PersonState | undefined, tenantId: string): Role | undefined {
  return roleIn(grantsOf(person), tenantId);
}

/**
 * Reads everything that the gate looks at, as it is now. `targetIds` narrows the targets at a doorbell or a start; there
 * the approver and the approved hash are those of the task's signed approval.
 */
export async function gateContext(
  deps: Pick<Context, "table" | "nowMs" | "release">,
  task: TaskState,
  plan: Plan,
  moment: GateContext["moment"],
  options: { approver?: GateContext["approver"]; approvedPlanHash?: string; targetIds?: readonly string[] } = {},
): Promise<GateContext> {
  const targetIds = options.targetIds ?? plan.targets;
  const approval = moment === "doorbell" || moment === "start" ? approvalOf(task) : undefined;
  const [tenant, requester, earlierApprover, people, freezes, { release }, nodes, schedule] = await Promise.all([
    getTenant(deps.table, task.tenantId),
    standingOf(deps.table, task.requestedBy.id, deps.nowMs()),
    approval === undefined ? undefined : getPerson(deps.table, approval.approvedBy),
    listPeople(deps.table, task.tenantId),
    freezesInForce(deps, task.tenantId),
    deps.release(),
    loadNodes(deps, task.tenantId, targetIds),
    scheduleContext(deps, task, plan),
  ]);
  const approvedPlanHash = approval?.planHash ?? options.approvedPlanHash;
  const approver =
    approval === undefined
      ? options.approver
      : { id: approval.approvedBy, role: roleOf(earlierApprover, task.tenantId) };
  // What a token asked for, its maker asked for: a second person is somebody else than the maker.
  const requesterId = requester?.person.personId ?? task.requestedBy.id;
  // The provider's staff (`*`) may approve for a tenant, but a tenant whose only own person asks is still alone.
  const otherApprovers = people.filter((person) => {
    if (person.personId === requesterId) return false;
    const own = grantsOf(person).filter((grant) => grant.tenant === task.tenantId);
    const role = roleIn(own, task.tenantId);
    return role !== undefined && hasRole(role, "approver");
  }).length;
  return {
    nowMs: deps.nowMs(),
    moment,
    tenantId: task.tenantId,
    tenantStatus: tenant?.status,
    source: task.source ?? { kind: isTokenId(task.requestedBy.id) ? "token" : "person" },
    requester: {
      id: requesterId,
      role: roleIn(requester?.grants ?? [], task.tenantId),
      ...(requester?.token === undefined ? {} : { personRole: roleOf(requester.person, task.tenantId) }),
    },
    ...(approver === undefined ? {} : { approver }),
    ...(schedule === undefined ? {} : { schedule }),
    otherApprovers,
    fromWords: task.instruction !== undefined,
    recomputed: recomputedHashes(plan, task.taskId),
    ...(approvedPlanHash === undefined ? {} : { approvedPlanHash }),
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
        revoked: node?.revokedAtMs !== undefined,
        removed: node === undefined || node.removedAtMs !== undefined,
      };
    }),
  };
}
