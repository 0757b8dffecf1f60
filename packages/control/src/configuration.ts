import {
  createConfigRevision,
  getConfig as getConfigRecord,
  listConfigRevisions as listRevisions,
} from "@steward/aws/records/configuration";
import { gateUnchanged, readGateEpoch } from "@steward/aws/records/gate-epoch";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { tellConfig } from "@steward/aws/records/presence";
import { getTenant } from "@steward/aws/records/tenant";
import { commit, type Page, type Write } from "@steward/aws/table";
import {
  type ApplianceConfig,
  type ConfigView,
  type configRevisionSchema,
  noConfig,
  type putConfigSchema,
} from "@steward/contracts/appliance-config";
import { canonical } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import type { GateResult } from "@steward/contracts/task";
import type { ConfigState } from "@steward/core/configuration/config-state";
import { planConfig } from "@steward/core/configuration/plan-config";
import { gate } from "@steward/core/gate/gate";
import type { GateContext } from "@steward/core/gate/gate-context";
import type { NodeState } from "@steward/core/node/node-state";
import type { TaskState } from "@steward/core/task/task-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { gateContext } from "./gate-context.ts";
import { presencesOf } from "./presences-of.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { sendAfterCommit } from "./send-later.ts";

type PutConfig = z.infer<typeof putConfigSchema>;

export async function viewConfig(
  deps: Pick<Context, "table">,
  caller: Caller,
  params: { nodeId: string },
): Promise<ConfigView> {
  const node = await loadAppliance(deps, caller.tenantId, params.nodeId);
  return view(deps, node, await getConfigRecord(deps.table, { tenantId: caller.tenantId, nodeId: node.nodeId }));
}

/** The newest first. */
export async function viewConfigRevisions(
  deps: Pick<Context, "table">,
  caller: Caller,
  params: { nodeId: string },
  page: { limit: number; after?: string | undefined },
): Promise<Page<z.infer<typeof configRevisionSchema>>> {
  const node = await loadAppliance(deps, caller.tenantId, params.nodeId);
  const { items, after } = await listRevisions(deps.table, { tenantId: caller.tenantId, nodeId: node.nodeId }, page);
  return { items: items.map(revisionView), ...(after === undefined ? {} : { after }) };
}

/**
 * Replaces what an appliance's agent is to keep to, where the gate lets it. The gate is asked like for a plan, at all of
 * its moments at once, for there is nothing between a yes here and its effect; and what it looked at is a condition of the
 * write. The same configuration again changes nothing, so that a request whose answer was lost may be made again.
 * Throws `denied_by_gate` (with the decision: `needs_approval` by the requester takes a `confirm`), `conflict` where
 * another revision is in force than the one that was looked at, `unprocessable` for a doorbell that it does not have.
 */
export async function putConfig(
  deps: Pick<Context, "table" | "nowMs" | "release" | "queues" | "log">,
  caller: Caller,
  params: { nodeId: string },
  body: PutConfig,
): Promise<ConfigView> {
  const { tenantId } = caller;
  return retryOnConflict(async () => {
    const node = await loadAppliance(deps, tenantId, params.nodeId);
    const { nodeId } = node;
    const [epoch, before, tenant, presences] = await Promise.all([
      readGateEpoch(deps.table, { tenantId, runId: nodeId }),
      getConfigRecord(deps.table, { tenantId, nodeId }),
      getTenant(deps.table, tenantId),
      presencesOf(deps, [node]),
    ]);
    const current = before?.config ?? noConfig;
    const revision = before?.version ?? 0;
    if (canonical(current) === canonical(body.config)) return view(deps, node, before);
    if (body.revision !== undefined && body.revision !== revision) {
      throw new AppError("conflict", `revision ${revision} is in force, not the one that you looked at`, {
        next: `Look at it again: steward config get ${nodeId}`,
        retryable: false,
      });
    }
    if (body.config.doorbell === "ssm" && node.doorbell !== "ssm") {
      throw new AppError("unprocessable", `${node.name} was not enrolled with the doorbell ssm: SSM does not know it`, {
        next: "Enrol it again with --doorbell ssm, or leave it at pull.",
      });
    }
    const next = nextRevision(revision, presences.get(nodeId)?.configRevision);
    await askGate(deps, caller, { node, before: current, revision: next, body });
    const nowMs = deps.nowMs();
    const after: ConfigState = {
      v: 1,
      version: next,
      tenantId,
      nodeId,
      config: body.config,
      changedAtMs: nowMs,
      changedBy: { id: caller.principal.id, name: caller.principal.name },
    };
    const intervalSeconds =
      body.config.intervalSeconds ?? tenant?.heartbeatIntervalSeconds ?? defaults.heartbeatIntervalSeconds;
    await commit(deps.table, [
      createConfigRevision(after),
      tellConfig(nodeId, { revision: after.version, intervalSeconds }),
      ...calledBy(node, body.config, nowMs),
      ...gateUnchanged(epoch),
      audited(nowMs, {
        tenantId,
        who: caller.principal.id,
        what: "put-config",
        record: nodeId,
        before,
        after,
        requestId: caller.requestId,
      }),
    ]);
    // What is lost here is asked for again when the appliance comes for it.
    await sendAfterCommit(deps, "rollouts", { tenantId, configOf: nodeId }, tenantId);
    return view(deps, node, after);
  });
}

/** More changes of one appliance than a restored table can have lost. */
const mostLost = 10_000;

/**
 * One that the appliance has not seen with other content: the table may have been restored to before what it keeps to. An
 * appliance is believed within bounds, so that none can use the numbers up.
 */
function nextRevision(stored: number, reported = 0): number {
  return (reported <= stored + mostLost ? Math.max(stored, reported) : stored) + 1;
}

/** The node's own record says how it is called: whoever rings reads no configuration. */
function calledBy(node: NodeState, { doorbell }: ApplianceConfig, nowMs: number): Write[] {
  if (doorbell === node.calledBy) return [];
  const { calledBy: _before, ...rest } = node;
  const next: NodeState = {
    ...rest,
    ...(doorbell === undefined ? {} : { calledBy: doorbell }),
    version: node.version + 1,
    updatedAtMs: nowMs,
  };
  return [replaceNode(node, next)];
}

/** Throws `denied_by_gate` unless the change may be made now, by this caller. */
async function askGate(
  deps: Pick<Context, "table" | "nowMs" | "release">,
  caller: Caller,
  change: { node: NodeState; before: ApplianceConfig; revision: number; body: PutConfig },
): Promise<void> {
  const { node, before, body } = change;
  const { release } = await deps.release();
  const nowMs = deps.nowMs();
  const { plan, subject, digest } = planConfig({
    tenantId: caller.tenantId,
    nodeId: node.nodeId,
    before,
    after: body.config,
    revision: change.revision,
    releaseVersion: release.version,
    expiresAtMs: nowMs + defaults.planSeconds * 1000,
  });
  const asked: TaskState = {
    v: 1,
    version: 1,
    tenantId: caller.tenantId,
    taskId: subject,
    kind: "action",
    status: "queued",
    requestedBy: { id: caller.principal.id, name: caller.principal.name },
    targets: [{ id: node.nodeId, name: node.name }],
    mode: "apply",
    verbosity: 0,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const read = await gateContext(deps, asked, plan, "plan");
  // Nothing runs, so no release has it; and who says yes sees all of it, so that there is nothing to preview.
  const { previewMinutes: _preview, ...policy } = read.policy;
  const actions = { ...read.release.actions, [plan.steps[0]?.action ?? ""]: digest };
  const context: GateContext = { ...read, policy, release: { ...read.release, actions } };
  const judge = (more: Partial<GateContext>): GateResult => gate(plan, { ...context, ...more });

  const planned = judge({});
  const yes =
    body.confirm === true || body.confirmation !== undefined
      ? {
          approvedPlanHash: plan.planHash,
          approver: {
            id: caller.principal.id,
            role: caller.role,
            ...(body.confirmation === undefined ? {} : { confirmation: body.confirmation, retyped: true }),
          },
        }
      : {};
  if (planned.decision === "deny") throw denied(planned);
  if (planned.decision === "needs_approval") {
    const isOwn = planned.approver === "requester" || planned.approver === "retype";
    if (!isOwn || caller.principal.kind === "token" || !("approver" in yes)) throw denied(planned);
    const approved = judge({ ...yes, moment: "approval" });
    if (approved.decision !== "allow") throw denied(approved);
  }
  const started = judge({ ...yes, moment: "start", approved: "approver" in yes });
  if (started.decision !== "allow") throw denied(started);
}

function denied(decision: GateResult): AppError {
  const why = decision.reasons.filter((reason) => reason.decision !== "allow");
  const next: Record<string, string> = {
    requester: "Say yes to it (steward config set … --yes); a token cannot, its maker can.",
    retype: "Retype the appliance's name to confirm (steward config set … asks for it).",
    other:
      "It takes a second person, and a configuration has no second yes: whoever may approve makes the change, or an admin loosens the policy for appliance.configure.",
    break_glass: "Nobody's yes is enough as it is.",
  };
  const untilMs = decision.held?.untilMs;
  return new AppError("denied_by_gate", why.map((reason) => reason.why).join(" "), {
    details: { gate: decision },
    next:
      decision.held !== undefined
        ? `Try again ${untilMs === undefined ? "when that is over" : `after ${new Date(untilMs).toISOString()}`}.`
        : (next[decision.approver ?? ""] ?? "Look at the rules: steward policy show, steward windows ls."),
  });
}

async function loadAppliance(deps: Pick<Context, "table">, tenantId: string, nodeId: string): Promise<NodeState> {
  const node = await getNode(deps.table, { tenantId, nodeId });
  if (node === undefined || node.removedAtMs !== undefined || node.kind !== "appliance") {
    throw new AppError("not_found", `there is no appliance ${nodeId}`);
  }
  return node;
}

async function view(
  deps: Pick<Context, "table">,
  node: NodeState,
  state: ConfigState | undefined,
): Promise<ConfigView> {
  const reported = (await presencesOf(deps, [node])).get(node.nodeId)?.configRevision;
  const revision = state?.version ?? 0;
  return {
    nodeId: node.nodeId,
    name: node.name,
    revision,
    config: state?.config ?? noConfig,
    ...(state === undefined
      ? {}
      : { changedAt: new Date(state.changedAtMs).toISOString(), changedBy: state.changedBy }),
    ...(reported === undefined ? {} : { reported }),
    sync: reported === undefined ? "unknown" : reported === revision ? "in_sync" : "pending",
  };
}

function revisionView({ version, config, changedAtMs, changedBy }: ConfigState): z.infer<typeof configRevisionSchema> {
  return { revision: version, config, changedAt: new Date(changedAtMs).toISOString(), changedBy };
}
