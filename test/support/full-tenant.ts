import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Clients } from "@steward/aws/clients";
import { createAlert } from "@steward/aws/records/alert";
import { createAlerting } from "@steward/aws/records/alerting";
import { createMaterial } from "@steward/aws/records/answer";
import { createCertificate } from "@steward/aws/records/certificate";
import { createConfigRevision, putSignedConfig } from "@steward/aws/records/configuration";
import { createEnrolment } from "@steward/aws/records/enrolment";
import { putFacts } from "@steward/aws/records/facts";
import { putHistory } from "@steward/aws/records/fleet-history";
import { putFleetSilence } from "@steward/aws/records/fleet-silence";
import { createFreeze } from "@steward/aws/records/freeze";
import { gateChanged } from "@steward/aws/records/gate-epoch";
import { beginIdempotent } from "@steward/aws/records/idempotency";
import { createJob } from "@steward/aws/records/job";
import { createNode } from "@steward/aws/records/node";
import { createPerson } from "@steward/aws/records/person";
import { createPolicy } from "@steward/aws/records/policy";
import { createPresence } from "@steward/aws/records/presence";
import { createRollout } from "@steward/aws/records/rollout";
import { createRun } from "@steward/aws/records/run";
import { createRunSecret } from "@steward/aws/records/run-secret";
import { leaveAdmins } from "@steward/aws/records/admins";
import { createIdentity } from "@steward/aws/records/identity";
import { createIssuer } from "@steward/aws/records/issuer";
import { createSchedule } from "@steward/aws/records/schedule";
import { createSession } from "@steward/aws/records/session";
import { createTask } from "@steward/aws/records/task";
import { createToken } from "@steward/aws/records/token";
import { createTenantSecret } from "@steward/aws/records/tenant-secret";
import { createWindow } from "@steward/aws/records/window";
import { createTenant } from "@steward/aws/records/tenant";
import { commit, type Table } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { defaultRollout } from "@steward/contracts/plan";
import { scheduleDefinitionSchema } from "@steward/contracts/schedule";
import { audited } from "@steward/control/audit";
import { openAlert } from "@steward/core/alert/reduce-alert";
import { newRunSecret } from "@steward/core/run/reduce-run-secret";
import type { RunSecretState } from "@steward/core/run/run-secret-state";
import { newSchedule } from "@steward/core/schedule/reduce-schedule";
import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { aJob, aNode, aPresence, aRun, aTask } from "../../packages/aws/test/support/states.ts";

export interface FullTenant {
  tenantId: string;
  /** In every text that somebody has written. */
  mark: string;
  /** Everything that names it or somebody or something of it. */
  names: string[];
  adminId: string;
  nodeIds: string[];
  /** Secrets' hashes, which leave the table in no export. */
  proofs: string[];
  /** What one of its runs has made. */
  runSecret: RunSecretState;
}

let made = 0;

/** A tenant with something of every kind of record, and outputs. `others`: people who have a role elsewhere as well. */
export async function fillTenant(
  {
    table,
    s3,
    outputBucket,
    fleetBucket,
  }: { table: Table; s3: Clients["s3"]; outputBucket: string; fleetBucket: string },
  { nowMs, others = [] }: { nowMs: number; others?: string[] },
): Promise<FullTenant> {
  made += 1;
  const mark = `tainted-${made}-${Math.random().toString(36).slice(2)}`;
  const tenantId = newId("tenant", nowMs);
  const adminId = newId("person", nowMs);
  const proof = (what: string) => sha256Hex(`${mark} ${what}`);
  const proofs = ["enrolment", "session", "link", "job"].map(proof);
  await commit(table, [
    createTenant({
      v: 1,
      version: 1,
      tenantId,
      name: mark,
      createdAtMs: nowMs,
      heartbeatIntervalSeconds: 60,
      status: "active",
    }),
    createPerson({
      v: 1,
      version: 1,
      personId: adminId,
      name: mark,
      issuer: "bootstrap",
      subject: `${tenantId}:${mark}`,
      grants: [{ tenant: tenantId, role: "admin" }],
      createdAtMs: nowMs,
    }),
    ...others.map((personId) => {
      const elsewhere = newId("tenant", nowMs);
      return createPerson({
        v: 1,
        version: 1,
        personId,
        name: "who works for several",
        issuer: "https://sso.example",
        subject: personId,
        grants: [
          { tenant: tenantId, role: "operator" },
          { tenant: elsewhere, role: "viewer" },
        ],
        disabledIn: [elsewhere],
        createdAtMs: nowMs,
      });
    }),
    ...(["session", "link"] as const).map((what) =>
      createSession({
        v: 1,
        version: 1,
        tokenHash: proof(what),
        kind: what === "link" ? "bootstrap" : "refresh",
        sessionId: newId("session", nowMs),
        personId: adminId,
        createdAtMs: nowMs,
        expiresAtMs: nowMs + 86_400_000_000,
      }),
    ),
    createToken({
      v: 1,
      version: 1,
      tokenId: newId("token", nowMs),
      tenantId,
      name: mark,
      secretHash: proof("token"),
      createdBy: adminId,
      grants: [{ tenant: tenantId, role: "operator" }],
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 86_400_000_000,
    }),
    // The provider's, with a role here among others.
    createToken({
      v: 1,
      version: 1,
      tokenId: newId("token", nowMs),
      tenantId: providerTenantId,
      name: "several",
      secretHash: "0".repeat(64),
      createdBy: newId("person", nowMs),
      grants: [
        { tenant: tenantId, role: "operator" },
        { tenant: providerTenantId, role: "viewer" },
      ],
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 86_400_000_000,
    }),
    createIssuer({
      v: 1,
      version: 1,
      issuerId: newId("issuer", nowMs),
      tenantId,
      name: mark,
      url: "https://sso.example",
      clientId: mark,
      algorithms: ["ES256"],
      limitTo: tenantId,
      createdBy: adminId,
      createdAtMs: nowMs,
    }),
    createIdentity({
      v: 1,
      version: 1,
      ownerTenantId: tenantId,
      issuer: "https://sso.example",
      subject: mark,
      personId: adminId,
      limitTo: tenantId,
      createdAtMs: nowMs,
    }),
    leaveAdmins(tenantId, undefined),
    createFreeze({
      v: 1,
      version: 1,
      freezeId: newId("freeze", nowMs),
      tenantId,
      reason: mark,
      untilMs: nowMs + 1,
      createdBy: adminId,
      createdAtMs: nowMs,
    }),
    createSchedule(
      newSchedule(
        {
          tenantId,
          scheduleId: newId("schedule", nowMs),
          name: mark,
          definition: scheduleDefinitionSchema.parse({
            // Long after the test: nobody acts upon it.
            when: { cron: "0 3 29 2 *", timeZone: "UTC" },
            steps: [{ action: "users.add", variables: { username: mark } }],
            targets: [mark],
          }),
          author: { id: adminId, name: mark },
        },
        nowMs,
      ),
    ),
    createPolicy({
      v: 1,
      version: 1,
      tenantId,
      policy: { forbid: [{ action: "shell.run", effect: "forbid", why: mark }] },
      updatedAtMs: nowMs,
      updatedBy: { id: adminId, name: mark },
      edits: [{ by: adminId, atMs: nowMs }],
    }),
    createWindow({
      v: 1,
      version: 1,
      tenantId,
      windowId: newId("window", nowMs),
      kind: "blackout",
      name: mark,
      when: { from: "2099-01-01T00:00:00Z", until: "2099-01-02T00:00:00Z" },
      createdBy: adminId,
      createdAtMs: nowMs,
    }),
    createAlert(
      openAlert(
        tenantId,
        { kind: "health", nodeId: newId("appliance", nowMs), part: `service:${mark}` },
        { type: "raise", severity: "warning", noticeId: newId("notice", nowMs) },
        nowMs,
      ).state,
    ),
    createAlerting({
      v: 1,
      version: 1,
      tenantId,
      thresholds: { diskPercent: [70, 90] },
      updatedAtMs: nowMs,
      updatedBy: { id: adminId, name: mark },
    }),
    ...gateChanged(tenantId),
    audited(nowMs, { tenantId, who: adminId, what: "create-tenant", record: tenantId }),
  ]);
  const nodeIds: string[] = [];
  for (let index = 0; index < 3; index += 1) {
    const nodeId = newId("appliance", nowMs);
    nodeIds.push(nodeId);
    const presence = aPresence({ nodeId, tenantId, sequence: 1, lastSeenAtMs: nowMs, agentVersion: mark });
    await commit(table, [
      createPresence(presence),
      createNode(
        aNode({
          tenantId,
          nodeId,
          name: `${mark}-${index}`,
          hostname: mark,
          healthSinceMs: nowMs,
          createdAtMs: nowMs,
          updatedAtMs: nowMs,
          // Also one that was taken off the list.
          ...(index === 2 ? { removedAtMs: nowMs } : {}),
        }),
      ),
      createCertificate({
        v: 1,
        version: 1,
        certificateId: newId("certificate", nowMs),
        kind: "node",
        tenantId,
        holderId: nodeId,
        holderName: mark,
        pem: mark,
        fingerprint: proof(`certificate ${index}`),
        serial: mark,
        keyFingerprint: "b".repeat(64),
        issuedAtMs: nowMs,
        notAfterMs: nowMs + 1,
      }),
    ]);
    await commit(table, [
      createConfigRevision({
        v: 1,
        version: 1,
        tenantId,
        nodeId,
        config: { watch: { services: ["smbd"] } },
        changedAtMs: nowMs,
        changedBy: { id: adminId, name: mark },
      }),
    ]);
    await putSignedConfig(table, {
      tenantId,
      nodeId,
      revision: 1,
      expiresAtMs: nowMs,
      document: { type: "steward-config-v1", keyId: "0".repeat(64), payload: "", signature: "" },
    });
    await putFacts(table, {
      v: 1,
      tenantId,
      nodeId,
      digest: proof("facts"),
      facts: { users: [mark] },
      updatedAtMs: nowMs,
    });
  }
  await commit(table, [
    createEnrolment({
      v: 1,
      version: 1,
      tokenHash: proof("enrolment"),
      tenantId,
      nodeId: newId("appliance", nowMs),
      kind: "appliance",
      name: mark,
      tags: [],
      doorbell: "pull",
      createdBy: adminId,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 86_400_000_000,
    }),
  ]);
  const rolloutId = newId("rollout", nowMs);
  const taskId = newId("task", nowMs);
  const [applianceId = ""] = nodeIds;
  const run = aRun({ tenantId, taskId, rolloutId, applianceId, applianceName: mark });
  const runSecret = newRunSecret(run, { step: 0, name: "password", action: "mail.mailbox.add" }, nowMs);
  const rollout: RolloutState = {
    v: 1,
    version: 1,
    tenantId,
    rolloutId,
    taskId,
    targets: [{ id: applianceId, name: mark }],
    status: "running",
    parameters: defaultRollout,
    mode: "apply",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    expiresAtMs: nowMs + 1,
    allowedMs: 1,
    dueAtMs: nowMs + 1,
  };
  await commit(table, [
    createTask(aTask({ tenantId, taskId, instruction: mark, dueAtMs: nowMs + 86_400_000_000 })),
    createMaterial({
      v: 1,
      version: 1,
      tenantId,
      taskId,
      passages: [{ id: `facts:${applianceId}`, source: "facts", title: mark, text: mark }],
      expiresAtMs: nowMs + 86_400_000,
    }),
    createJob(aJob({ tenantId, taskId, secretHash: proof("job") })),
    createRollout(rollout),
    createRun(run),
    createRunSecret(runSecret),
    createTenantSecret({
      v: 1,
      version: 1,
      tenantId,
      name: "wifi-key",
      secretVersion: "0",
      changedAtMs: nowMs,
      changedBy: adminId,
    }),
  ]);
  await beginIdempotent(table, { tenantId, key: proof("key"), bodyDigest: proof("body"), nowMs });
  await putHistory(table, { tenantId, part: 0, stepMs: nowMs, parts: 1, samples: new Uint8Array(12) });
  await putFleetSilence(table, {
    tenantId,
    silence: { phase: "open", cause: "fleet", sinceMs: 0, holdUntilMs: 0, nodes: 5, of: 5, offlineBefore: 0 },
    lookedAtMs: nowMs,
  });
  const snapshot = { Bucket: fleetBucket, Key: `${tenantId}/nodes.json.gz`, Body: mark };
  await s3.send(new PutObjectCommand(snapshot));
  for (let index = 0; index < 3; index += 1) {
    await s3.send(
      new PutObjectCommand({
        Bucket: outputBucket,
        Key: `${tenantId}/${run.runId}/1/${String(index).padStart(6, "0")}.gz`,
        Body: mark,
      }),
    );
  }
  return {
    tenantId,
    mark,
    names: [tenantId, mark, adminId, ...nodeIds, taskId, rolloutId],
    adminId,
    nodeIds,
    proofs,
    runSecret,
  };
}
