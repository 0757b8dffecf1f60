import { approvalSchema, type Envelope, envelopeSchema } from "@steward/contracts/envelope";
import { contentHash, planHash } from "@steward/contracts/plan";
import type { Release, ReleaseAction } from "@steward/contracts/release";
import { highestRisk, riskOf } from "@steward/contracts/risk";
import { provesTarget } from "@steward/contracts/targets-proof";
import { maxStandingDays, standingApprovalSchema, standingHash } from "@steward/contracts/standing-approval";
import type { TrustDocument } from "@steward/contracts/trust";
import { variableProblems } from "./check-variables.ts";
import { parsePayload, verifySigned } from "@steward/node-client/verify-signed";

export type RefusalCode =
  | "no_server_time"
  | "trust_expired"
  | "release_expired"
  | "not_signed"
  | "malformed"
  | "other_run"
  | "other_appliance"
  | "other_tenant"
  | "not_a_target"
  | "not_yet_valid"
  | "expired"
  | "valid_too_long"
  | "plan_expired"
  | "plan_changed"
  | "other_release"
  | "unknown_action"
  | "foreign_bundle"
  | "undo_differs"
  | "bad_variables"
  | "no_approval"
  | "bad_approval"
  | "bad_undo";

export interface Refusal {
  code: RefusalCode;
  message: string;
}

/** What the appliance knows by itself. */
export interface EnvelopeContext {
  /** The run that was asked for. */
  runId: string;
  applianceId: string;
  tenantId: string;
  /** By the server's clock; undefined before the first heartbeat. */
  nowMs: number | undefined;
  /** Verified with the pinned root. */
  trust: TrustDocument;
  /** Verified with a release key of the trust document. */
  release: Release;
}

export type CheckedEnvelope =
  | { ok: true; envelope: Envelope; actions: ReleaseAction[] }
  | { ok: false; refusals: Refusal[] };

const longestLifeMs = 24 * 3600 * 1000;

/**
 * Whether to obey. Everything is checked against what this appliance knows by itself, so that a control plane that was
 * taken over without its keys, or a tampered reply, makes nothing run. On refusal all reasons are told.
 */
export function checkEnvelope(document: unknown, context: EnvelopeContext): CheckedEnvelope {
  const { nowMs, trust, release } = context;
  if (nowMs === undefined) return refuse("no_server_time", "no heartbeat was answered since this agent started");
  if (nowMs >= trust.expiresAtMs) return refuse("trust_expired", "the trust document has expired");

  const verified = verifySigned(document, "steward-envelope-v1", trust.keys.dispatch);
  if (!verified.ok) return refuse("not_signed", `the envelope is refused: ${verified.why}`);
  const parsed = envelopeSchema.safeParse(parsePayload(verified.payload));
  if (!parsed.success) return refuse("malformed", "the envelope's payload does not have the shape of an envelope");
  const envelope = parsed.data;

  const { actions, refusals } = checkSteps(envelope, release);
  refusals.push(
    ...checkAddress(envelope, context),
    ...checkOperation(envelope),
    ...checkTimes(envelope, nowMs),
    ...checkRelease(envelope, release, nowMs),
  );
  const recomputed = planHash({
    contentHash: contentHash(envelope.plan),
    taskId: envelope.taskId,
    mode: envelope.mode,
    expiresAtMs: envelope.planExpiresAtMs,
  });
  if (recomputed !== envelope.planHash) {
    refusals.push({ code: "plan_changed", message: "the plan is not the one that its hash names" });
  }
  refusals.push(...checkApproval(envelope, recomputed, actions, trust, nowMs));
  return refusals.length > 0 ? { ok: false, refusals } : { ok: true, envelope, actions };
}

function checkAddress(envelope: Envelope, context: EnvelopeContext): Refusal[] {
  const refusals: Refusal[] = [];
  if (envelope.runId !== context.runId)
    refusals.push({ code: "other_run", message: `it is for the run ${envelope.runId}` });
  if (envelope.applianceId !== context.applianceId) {
    refusals.push({ code: "other_appliance", message: "it is for another appliance" });
  }
  if (envelope.tenantId !== context.tenantId || envelope.plan.tenantId !== context.tenantId) {
    refusals.push({ code: "other_tenant", message: "it is of another tenant" });
  }
  if (!provesTarget(envelope.plan.targetsRoot, context.applianceId, envelope.targetProof)) {
    refusals.push({ code: "not_a_target", message: "this appliance is not among the plan's targets" });
  }
  return refusals;
}

/** What there is to undo, the ledger says; that there can be something at all, the envelope must. */
function checkOperation({ operation, attempt, mode }: Envelope): Refusal[] {
  if (operation === undefined) return [];
  if (attempt < 2) return [{ code: "bad_undo", message: "it undoes a run that was never tried" }];
  if (mode !== "apply") return [{ code: "bad_undo", message: "a check has nothing to undo" }];
  return [];
}

function checkTimes(envelope: Envelope, nowMs: number): Refusal[] {
  const refusals: Refusal[] = [];
  if (nowMs < envelope.notBeforeMs) refusals.push({ code: "not_yet_valid", message: "it is not valid yet" });
  if (nowMs >= envelope.expiresAtMs) refusals.push({ code: "expired", message: "it has expired" });
  if (envelope.expiresAtMs - envelope.notBeforeMs > longestLifeMs) {
    refusals.push({ code: "valid_too_long", message: "it claims to be valid for more than 24 hours" });
  }
  if (nowMs >= envelope.planExpiresAtMs) refusals.push({ code: "plan_expired", message: "its plan has expired" });
  return refusals;
}

function checkRelease(envelope: Envelope, release: Release, nowMs: number): Refusal[] {
  const refusals: Refusal[] = [];
  if (nowMs >= release.expiresAtMs) refusals.push({ code: "release_expired", message: "the release has expired" });
  if (envelope.plan.releaseVersion !== release.version) {
    const message = `its plan was made for release ${envelope.plan.releaseVersion}, this appliance has ${release.version}`;
    refusals.push({ code: "other_release", message });
  }
  return refusals;
}

/** The actions in step order, as the release knows them; complete only when nothing is refused. */
function checkSteps(envelope: Envelope, release: Release): { actions: ReleaseAction[]; refusals: Refusal[] } {
  const actions: ReleaseAction[] = [];
  const refusals: Refusal[] = [];
  for (const [index, step] of envelope.plan.steps.entries()) {
    const at = `step ${index + 1} (${step.action})`;
    const action = release.actions.find(({ id }) => id === step.action);
    if (!action) {
      refusals.push({ code: "unknown_action", message: `${at} is not in the release` });
      continue;
    }
    actions.push(action);
    if (step.bundle !== action.bundle) {
      refusals.push({ code: "foreign_bundle", message: `${at} names a bundle that is not the release's` });
    }
    if (step.undo !== action.undo) {
      refusals.push({
        code: "undo_differs",
        message: `${at} says "${step.undo}" about its undo, the release "${action.undo}"`,
      });
    }
    const problems = variableProblems(action.variables, step.variables);
    if (problems.length > 0) refusals.push({ code: "bad_variables", message: `${at}: ${problems.join("; ")}` });
  }
  return { actions, refusals };
}

/** Judged from the release's own rules: what the envelope says about its risk is not asked. */
function checkApproval(
  envelope: Envelope,
  hash: string,
  actions: readonly ReleaseAction[],
  trust: TrustDocument,
  nowMs: number,
): Refusal[] {
  const risk = highestRisk(
    actions.map((action, index) => riskOf(action.risk, envelope.plan.steps[index]?.variables ?? {}).risk),
  );
  if (envelope.approval === undefined && envelope.standing !== undefined) return checkStanding(envelope, trust, nowMs);
  if (envelope.approval === undefined) {
    // A check changes nothing, whatever its risk would be: no bundle of the release says `check_mode: false`.
    if (risk === "low" || envelope.mode === "check") return [];
    return [{ code: "no_approval", message: `its risk is ${risk} and nobody's approval is in it` }];
  }
  const bad = (why: string): Refusal[] => [{ code: "bad_approval", message: `its approval is refused: ${why}` }];
  const verified = verifySigned(envelope.approval, "steward-approval-v1", trust.keys.approval);
  if (!verified.ok) return bad(verified.why);
  const parsed = approvalSchema.safeParse(parsePayload(verified.payload));
  if (!parsed.success) return bad("its payload does not have the shape of an approval");
  const approval = parsed.data;
  if (approval.tenantId !== envelope.tenantId) return bad("it is of another tenant");
  if (approval.taskId !== envelope.taskId) return bad("it is for another task");
  if (approval.planHash !== hash) return bad("it is for another plan");
  if (nowMs >= approval.expiresAtMs) return bad("it has expired");
  return [];
}

/** A yes to all plans of this content, by whoever looked at the schedule that asks for them. */
function checkStanding(envelope: Envelope, trust: TrustDocument, nowMs: number): Refusal[] {
  const bad = (why: string): Refusal[] => [
    { code: "bad_approval", message: `its standing approval is refused: ${why}` },
  ];
  const verified = verifySigned(envelope.standing, "steward-standing-approval-v1", trust.keys.approval);
  if (!verified.ok) return bad(verified.why);
  const parsed = standingApprovalSchema.safeParse(parsePayload(verified.payload));
  if (!parsed.success) return bad("its payload does not have the shape of a standing approval");
  const standing = parsed.data;
  const { plan, mode } = envelope;
  if (standing.tenantId !== envelope.tenantId) return bad("it is of another tenant");
  const hash = standingHash({ plan, mode, selector: standing.selector, cap: standing.cap });
  if (hash !== standing.standingHash) return bad("it is for another content");
  if (envelope.targetProof.count > standing.cap) return bad(`it is for ${standing.cap} appliances at most`);
  if (nowMs >= standing.expiresAtMs) return bad("it has expired");
  if (standing.expiresAtMs - standing.approvedAtMs > maxStandingDays * 86_400_000) {
    return bad(`it claims to be valid for more than ${maxStandingDays} days`);
  }
  return [];
}

function refuse(code: RefusalCode, message: string): CheckedEnvelope {
  return { ok: false, refusals: [{ code, message }] };
}
