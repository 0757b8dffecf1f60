import { createEnrolment } from "@steward/aws/records/enrolment";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { inviteNodeSchema, nodeInvitationSchema } from "@steward/contracts/node";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { allNodes } from "./load-targets.ts";

/** A single-use token to enrol one machine with. Workers serve every tenant, so only the provider's staff invites them. */
export async function inviteNode(
  deps: Pick<Context, "table" | "nowMs" | "secret"> & { rootFingerprint: () => Promise<string> },
  caller: Caller,
  body: z.infer<typeof inviteNodeSchema>,
): Promise<z.infer<typeof nodeInvitationSchema>> {
  if (body.kind === "worker" && !(caller.tenantId === providerTenantId && staff(caller))) {
    throw new AppError(
      "forbidden",
      "a worker runs models for every customer: only the provider's staff may enrol one",
      {
        next: `sign in as the provider and use the tenant ${providerTenantId}`,
      },
    );
  }
  if ((await allNodes(deps, caller.tenantId)).some((node) => node.name === body.name)) {
    throw new AppError("unprocessable", `there is a machine named ${body.name} already`, {
      fields: [{ path: "name", message: "is taken" }],
    });
  }
  const nowMs = deps.nowMs();
  const secret = deps.secret();
  const nodeId = newId(body.kind === "worker" ? "worker" : "appliance", nowMs);
  const expiresAtMs = nowMs + defaults.enrolmentTokenSeconds * 1000;
  const enrolment = {
    v: 1 as const,
    version: 1,
    tokenHash: sha256Hex(secret),
    tenantId: caller.tenantId,
    nodeId,
    kind: body.kind,
    name: body.name,
    tags: body.tags,
    doorbell: body.kind === "worker" ? ("pull" as const) : body.doorbell,
    createdBy: caller.person.id,
    createdAtMs: nowMs,
    expiresAtMs,
  };
  await commit(deps.table, [
    createEnrolment(enrolment),
    audited(nowMs, {
      tenantId: caller.tenantId,
      who: caller.person.id,
      what: "invite-node",
      record: nodeId,
      after: { ...enrolment, tokenHash: "" },
      requestId: caller.requestId,
    }),
  ]);
  // The root's fingerprint rides with the token: the machine needs to trust nobody on the way to pin the right root.
  return { nodeId, token: `${secret}.${await deps.rootFingerprint()}`, expiresAt: new Date(expiresAtMs).toISOString() };
}

function staff(caller: Caller): boolean {
  return caller.person.grants.some((grant) => grant.tenant === "*");
}
