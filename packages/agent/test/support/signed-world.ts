import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { sha256Hex } from "@steward/contracts/canonical";
import type { Approval, Envelope } from "@steward/contracts/envelope";
import { newId, runIdOf } from "@steward/contracts/ids";
import { contentHash, defaultRollout, type ExecutablePlan, planHash } from "@steward/contracts/plan";
import { type StandingApproval, standingHash } from "@steward/contracts/standing-approval";
import type { Release, ReleaseAction } from "@steward/contracts/release";
import { type SignedDocument, signingInput, type SignedType } from "@steward/contracts/signed";
import { proveTarget, targetsRoot } from "@steward/contracts/targets-proof";
import type { TrustDocument } from "@steward/contracts/trust";

export interface TestKey {
  keyId: string;
  publicKey: string;
  privateKey: KeyObject;
}

export function newKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ type: "spki", format: "der" });
  return { keyId: sha256Hex(new Uint8Array(der)), publicKey: der.toString("base64"), privateKey };
}

export function signDocument(type: SignedType, key: TestKey, content: unknown): SignedDocument {
  const payload = new TextEncoder().encode(JSON.stringify(content));
  const signature = sign("sha256", signingInput(type, key.keyId, payload), { key: key.privateKey, dsaEncoding: "der" });
  return {
    type,
    keyId: key.keyId,
    payload: Buffer.from(payload).toString("base64"),
    signature: signature.toString("base64"),
  };
}

export const hourMs = 3_600_000;

/** A root with its keys, a release with three actions, and envelopes for one appliance: what control would sign. */
export function createSignedWorld(nowMs: number, bundle = "b".repeat(64)) {
  const keys = { root: newKey(), dispatch: newKey(), approval: newKey(), release: newKey() };
  const shown = ({ keyId, publicKey }: TestKey) => ({ keyId, publicKey });
  const tenantId = newId("tenant", nowMs);
  const applianceId = newId("appliance", nowMs);
  const otherApplianceId = newId("appliance", nowMs);
  const taskId = newId("task", nowMs);
  const runId = runIdOf(newId("rollout", nowMs), 0);
  const targets = [applianceId, otherApplianceId];

  const trust: TrustDocument = {
    v: 1,
    version: 1,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 1000 * hourMs,
    keys: {
      dispatch: [shown(keys.dispatch)],
      approval: [shown(keys.approval)],
      release: [shown(keys.release)],
      seal: [],
    },
  };
  const action = (id: string, more: Partial<ReleaseAction>): ReleaseAction => ({
    id,
    title: id,
    kind: "state",
    playbook: id.replaceAll(".", "_"),
    variables: { type: "object", properties: {}, additionalProperties: false },
    risk: { base: "low", rules: [] },
    undo: "none",
    timeoutSeconds: 30,
    bundle,
    ...more,
  });
  const release: Release = {
    v: 1,
    version: 3,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 1000 * hourMs,
    agents: {},
    actions: [
      action("users.add", {
        undo: "recorded",
        generates: ["password"],
        variables: {
          $schema: "https://json-schema.org/draft/2020-12/schema",
          type: "object",
          properties: {
            username: { type: "string", pattern: "^(?!root$)[a-z][a-z0-9_-]{0,30}$" },
            groups: { type: "array", items: { type: "string" }, maxItems: 4 },
          },
          required: ["username"],
          additionalProperties: false,
        },
        risk: {
          base: "medium",
          rules: [{ variable: "groups", pattern: "^sudo$", risk: "high", why: "administrator" }],
        },
      }),
      action("system.ping", { kind: "read" }),
      action("samba.server.setup", { undo: "recorded", risk: { base: "medium", rules: [] } }),
    ],
  };

  type Steps = ExecutablePlan["steps"];
  interface EnvelopeOptions {
    steps?: Steps;
    plan?: Partial<ExecutablePlan>;
    envelope?: Partial<Envelope>;
    approval?: Partial<Approval> | "none";
    /** In the place of an approval. */
    standing?: Partial<StandingApproval>;
    approvalKey?: TestKey;
    key?: TestKey;
    type?: SignedType;
  }
  const addJohn: Steps = [{ action: "users.add", variables: { username: "john" }, bundle, undo: "recorded" }];

  /** A whole, valid envelope, changed before it is signed. */
  function envelope(options: EnvelopeOptions = {}): { document: SignedDocument; envelope: Envelope } {
    const plan: ExecutablePlan = {
      tenantId,
      steps: options.steps ?? addJohn,
      targetsRoot: targetsRoot(targets),
      rollout: defaultRollout,
      releaseVersion: release.version,
      ...options.plan,
    };
    const planExpiresAtMs = options.envelope?.planExpiresAtMs ?? nowMs + 24 * hourMs;
    const mode = options.envelope?.mode ?? "apply";
    const task = options.envelope?.taskId ?? taskId;
    const hash = planHash({ contentHash: contentHash(plan), taskId: task, mode, expiresAtMs: planExpiresAtMs });
    const approval: Approval = {
      v: 1,
      tenantId,
      taskId: task,
      planHash: hash,
      approvedBy: newId("person", nowMs),
      approvedAtMs: nowMs,
      expiresAtMs: nowMs + 24 * hourMs,
      ...(options.approval === "none" ? {} : options.approval),
    };
    const { selector = ["ring:canary"], cap = 2 } = options.standing ?? {};
    const standing: StandingApproval = {
      v: 1,
      tenantId,
      scheduleId: newId("schedule", nowMs),
      standingHash: standingHash({ plan, mode, selector, cap }),
      selector,
      cap,
      approvedBy: newId("person", nowMs),
      approvedAtMs: nowMs,
      expiresAtMs: nowMs + 90 * 24 * hourMs,
      ...options.standing,
    };
    const content: Envelope = {
      v: 1,
      tenantId,
      taskId: task,
      runId,
      attempt: 1,
      applianceId,
      plan,
      targetProof: proveTarget(targets, applianceId),
      mode,
      planExpiresAtMs,
      planHash: hash,
      verbosity: 0,
      notBeforeMs: nowMs - 1000,
      expiresAtMs: nowMs + 23 * hourMs,
      ...(options.standing === undefined
        ? {}
        : { standing: signDocument("steward-standing-approval-v1", options.approvalKey ?? keys.approval, standing) }),
      ...(options.approval === "none" || options.standing !== undefined
        ? {}
        : { approval: signDocument("steward-approval-v1", options.approvalKey ?? keys.approval, approval) }),
      ...options.envelope,
    };
    return {
      document: signDocument(options.type ?? "steward-envelope-v1", options.key ?? keys.dispatch, content),
      envelope: content,
    };
  }

  return {
    keys,
    tenantId,
    applianceId,
    otherApplianceId,
    taskId,
    runId,
    targets,
    trust,
    release,
    addJohn,
    envelope,
    bundle,
    trustDocument: (changes: Partial<TrustDocument> = {}, key = keys.root) =>
      signDocument("steward-trust-v1", key, { ...trust, ...changes }),
    releaseDocument: (changes: Partial<Release> = {}, key = keys.release) =>
      signDocument("steward-release-v1", key, { ...release, ...changes }),
  };
}
