import { listActiveFreezes } from "@steward/aws/records/freeze";
import { getPerson, listPeopleAndLeft } from "@steward/aws/records/person";
import { getPolicy } from "@steward/aws/records/policy";
import { getTask } from "@steward/aws/records/task";
import { getTenant } from "@steward/aws/records/tenant";
import { heldBy } from "@steward/aws/records/usage";
import { listWindows } from "@steward/aws/records/window";
import { defaults } from "@steward/contracts/defaults";
import { type Approval, approvalSchema } from "@steward/contracts/envelope";
import { contentHash, executablePlan, keepsWaves, type Plan, planHash } from "@steward/contracts/plan";
import { type Role, roleIn } from "@steward/contracts/roles";
import type { Spans } from "@steward/contracts/spans";
import { targetsRoot } from "@steward/contracts/targets-proof";
import { noPolicy } from "@steward/contracts/tenant-policy";
import type { GateContext } from "@steward/core/gate/gate-context";
import type { SpansNow } from "@steward/core/gate/spans-at";
import { secondPersons } from "@steward/core/principal/access";
import { grantsOf } from "@steward/core/principal/grants";
import type { TaskState } from "@steward/core/task/task-state";
import type { PersonState } from "@steward/core/tenant/tenant-state";
import type { Context } from "./context.ts";
import { loadNodes } from "./load-targets.ts";
import { isTokenId, standingOf } from "./principal-standing.ts";
import { countAppliances } from "./quotas.ts";

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

/** What the tenant's own rules are, with what the clock makes of them. */
async function tenantRules(
  deps: Pick<Context, "table" | "nowMs">,
  tenantId: string,
  plan: Plan,
): Promise<Pick<GateContext, "policy" | "windows" | "barred" | "fleet">> {
  const [state, windows] = await Promise.all([getPolicy(deps.table, tenantId), listWindows(deps.table, tenantId)]);
  const nowMs = deps.nowMs();
  const policy = state?.policy ?? noPolicy;
  const at = await spansReader([...windows.map(({ when }) => when), ...policy.forbid.map(({ during }) => during)]);
  const fleet =
    policy.maxBlastPercent === undefined || plan.targets.length <= 1 ? undefined : await fleetOf(deps, tenantId);
  return {
    policy: {
      ...policy,
      forbid: policy.forbid.map((rule) => ({
        ...rule,
        active: rule.during === undefined || isOpen(at, rule.during, nowMs),
      })),
    },
    windows: windows.map(({ windowId, kind, name, when, tags, readsToo }) => ({
      id: windowId,
      kind,
      name,
      ...(tags === undefined ? {} : { tags }),
      ...(readsToo === undefined ? {} : { readsToo }),
      ...at(when, nowMs),
    })),
    barred: (state?.edits ?? [])
      .filter(({ atMs }) => atMs > nowMs - defaults.planSeconds * 1000)
      .map(({ by, atMs }) => ({
        id: by,
        why: `Whoever has changed the tenant's policy is nobody's second person for a day: until ${iso(atMs + defaults.planSeconds * 1000)}.`,
      })),
    ...(fleet === undefined ? {} : { fleet }),
  };
}

/** Whom the requester let in, and who changed the policy; where one of those he let in did that, he did. */
function barredFor(
  requesterId: string,
  editors: GateContext["barred"],
  dependants: readonly { id: string; untilMs: number }[],
): GateContext["barred"] {
  const ids = new Set(dependants.map(({ id }) => id));
  const through = editors.find(({ id }) => ids.has(id));
  return [
    ...editors,
    ...(through === undefined ? [] : [{ id: requesterId, why: through.why }]),
    ...dependants.map(({ id, untilMs }) => ({
      id,
      why: `Whoever asked has changed this person's access lately (an invitation, a link, a role): the person is not the second one until ${iso(untilMs)}.`,
    })),
  ];
}

/** A rule can only make the answer stricter: one whose time cannot be computed is always on. */
function isOpen(at: (spans: Spans, atMs: number) => SpansNow, spans: Spans, nowMs: number): boolean {
  try {
    return at(spans, nowMs).open;
  } catch {
    return true;
  }
}

const iso = (ms: number) => new Date(ms).toISOString();

/** Reading patterns takes a library that most tenants have no use for: it is loaded where there is one to read. */
async function spansReader(all: readonly (Spans | undefined)[]): Promise<(spans: Spans, atMs: number) => SpansNow> {
  if (all.every((spans) => spans === undefined)) return () => ({ open: false });
  return (await import("@steward/core/gate/spans-at")).spansAt;
}

/** How many appliances there are, as the quota counts them. */
async function fleetOf(deps: Pick<Context, "table">, tenantId: string): Promise<number> {
  return (await heldBy(deps.table, tenantId, "appliances")) ?? (await countAppliances(deps, tenantId, manyAppliances));
}

/** Where they were not counted before, no share of more than these is told apart. */
const manyAppliances = 10_000;

async function previewOf(deps: Pick<Context, "table">, task: TaskState): Promise<GateContext["preview"]> {
  const { tenantId, previewTaskId } = task;
  const found =
    previewTaskId === undefined ? undefined : await getTask(deps.table, { tenantId, taskId: previewTaskId });
  // Of this task, and a look and nothing more.
  if (found?.plan === undefined || found.previewOf !== task.taskId || found.plan.mode !== "check") return undefined;
  return { endedAtMs: found.updatedAtMs, contentHash: found.plan.contentHash, status: found.status };
}

/** Whoever broke it counts for as long as they still could: the role is the one of now. */
async function breakGlassOf(
  deps: Pick<Context, "table">,
  task: TaskState,
  now: GateContext["breakGlass"],
): Promise<GateContext["breakGlass"]> {
  if (now !== undefined || task.breakGlass === undefined) return now;
  const { by, name, reason } = task.breakGlass;
  return { by, name, reason, role: roleOf(await getPerson(deps.table, by), task.tenantId) };
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
  options: {
    approver?: GateContext["approver"];
    approvedPlanHash?: string;
    targetIds?: readonly string[];
    /** At the moment at which somebody breaks it; later it is the task's. */
    breakGlass?: GateContext["breakGlass"];
  } = {},
): Promise<GateContext> {
  const targetIds = options.targetIds ?? plan.targets;
  const approval = moment === "doorbell" || moment === "start" ? approvalOf(task) : undefined;
  const approverId = approval?.approvedBy ?? options.approver?.id;
  const [tenant, requester, approverNow, listed, freezes, { release }, nodes, schedule, rules, glass] =
    await Promise.all([
      getTenant(deps.table, task.tenantId),
      standingOf(deps.table, task.requestedBy.id, deps.nowMs()),
      approverId === undefined ? undefined : getPerson(deps.table, approverId),
      listPeopleAndLeft(deps.table, task.tenantId),
      freezesInForce(deps, task.tenantId),
      deps.release(),
      loadNodes(deps, task.tenantId, targetIds),
      // Loaded for those alone that a schedule asked for.
      task.schedule === undefined
        ? undefined
        : import("./schedule-context.ts").then(({ scheduleContext }) => scheduleContext(deps, task, plan)),
      tenantRules(deps, task.tenantId, plan),
      breakGlassOf(deps, task, options.breakGlass),
    ]);
  // Read after the policy that may want one; without such a policy nobody looks.
  const preview =
    moment === "approval" && rules.policy.previewMinutes !== undefined ? await previewOf(deps, task) : undefined;
  const approvedPlanHash = approval?.planHash ?? options.approvedPlanHash;
  const approver =
    approval === undefined
      ? options.approver
      : {
          id: approval.approvedBy,
          role: roleOf(approverNow, task.tenantId),
          ...(task.approval?.retyped === undefined ? {} : { retyped: task.approval.retyped }),
        };
  // What a token asked for, its maker asked for: a second person is somebody else than the maker.
  const requesterId = requester?.person.personId ?? task.requestedBy.id;
  // As the approver is now: the list trails.
  const people = listed.map((person) => (person.personId === approverNow?.personId ? approverNow : person));
  if (approverNow !== undefined && !people.includes(approverNow)) people.push(approverNow);
  const second = secondPersons(people, { tenantId: task.tenantId, requesterId, nowMs: deps.nowMs() });
  const barred = barredFor(requesterId, rules.barred, second.barred);
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
    otherApprovers: second.otherApprovers,
    fromWords: task.instruction !== undefined,
    ...(task.confirm === true ? { confirm: true } : {}),
    recomputed: recomputedHashes(plan, task.taskId),
    ...(approvedPlanHash === undefined ? {} : { approvedPlanHash }),
    approved: task.approval !== undefined,
    release: {
      version: release.version,
      expiresAtMs: release.expiresAtMs,
      actions: Object.fromEntries(release.actions.map((action) => [action.id, action.bundle])),
      kinds: Object.fromEntries(release.actions.map((action) => [action.id, action.kind])),
    },
    ...rules,
    barred,
    ...(preview === undefined ? {} : { preview }),
    ...(glass === undefined ? {} : { breakGlass: glass }),
    freezes: freezes.map((freeze) => ({ reason: freeze.reason, untilMs: freeze.untilMs })),
    targets: nodes.map((node, index) => {
      const id = targetIds[index] ?? "";
      const name = node?.name ?? id;
      return {
        id,
        name,
        tenantId: node?.tenantId ?? "",
        tags: node?.tags ?? [],
        confirmed: node?.confirmedAtMs !== undefined,
        quarantined: node?.quarantinedAtMs !== undefined,
        revoked: node?.revokedAtMs !== undefined,
        removed: node === undefined || node.removedAtMs !== undefined,
      };
    }),
  };
}
