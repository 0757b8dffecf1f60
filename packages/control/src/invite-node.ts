import { createEnrolment } from "@steward/aws/records/enrolment";
import { commit, type Write } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { inviteNodeSchema, nodeInvitationSchema } from "@steward/contracts/node";
import { isStaffAdmin } from "@steward/core/principal/grants";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { allNodes } from "./load-targets.ts";
import { checkSsmRoom } from "./ssm-room.ts";
import { checkApplianceRoom } from "./quotas.ts";

/** A single-use token to enrol one machine with. Workers serve every tenant, so only the provider's staff invites them. */
export async function inviteNode(
  deps: Pick<Context, "table" | "nowMs" | "secret"> & { rootFingerprint: () => Promise<string>; ssmNodes: number },
  caller: Caller,
  body: z.infer<typeof inviteNodeSchema>,
): Promise<z.infer<typeof nodeInvitationSchema>> {
  if (body.kind === "worker" && !(caller.tenantId === providerTenantId && isStaffAdmin(caller.principal.grants))) {
    throw new AppError(
      "forbidden",
      "a worker runs models for every customer: only the provider's staff may enrol one",
      {
        next: `sign in as the provider and use the tenant ${providerTenantId}`,
      },
    );
  }
  // Its certificates outlive every revocation of the token's, and nobody confirms a worker before it reads.
  if (body.kind === "worker" && caller.principal.kind !== "person") {
    throw new AppError("forbidden", "a service token may not do this: a worker reads what every customer writes", {
      next: "sign in as a person of the provider's staff: steward workers enroll",
    });
  }
  if ((await allNodes(deps, caller.tenantId)).some((node) => node.name === body.name)) {
    throw new AppError("unprocessable", `there is a machine named ${body.name} already`, {
      fields: [{ path: "name", message: "is taken" }],
    });
  }
  if (body.kind === "appliance") await checkApplianceRoom(deps, caller.tenantId);
  if (body.kind === "appliance" && body.doorbell === "ssm") await checkSsmRoom(deps);
  const { invitation, writes } = newInvitation(deps, {
    ...body,
    tenantId: caller.tenantId,
    by: caller.principal.id,
    requestId: caller.requestId,
    rootFingerprint: await deps.rootFingerprint(),
  });
  await commit(deps.table, writes);
  return invitation;
}

/** An invitation, and the writes that make it count. */
export function newInvitation(
  deps: Pick<Context, "nowMs" | "secret">,
  input: z.infer<typeof inviteNodeSchema> & {
    tenantId: string;
    by: string;
    requestId?: string;
    rootFingerprint: string;
  },
): { invitation: z.infer<typeof nodeInvitationSchema>; writes: Write[] } {
  const nowMs = deps.nowMs();
  const secret = deps.secret();
  const nodeId = newId(input.kind === "worker" ? "worker" : "appliance", nowMs);
  const expiresAtMs = nowMs + defaults.enrolmentTokenSeconds * 1000;
  const enrolment = {
    v: 1 as const,
    version: 1,
    tokenHash: sha256Hex(secret),
    tenantId: input.tenantId,
    nodeId,
    kind: input.kind,
    name: input.name,
    tags: input.tags,
    doorbell: input.kind === "worker" ? ("pull" as const) : input.doorbell,
    createdBy: input.by,
    createdAtMs: nowMs,
    expiresAtMs,
  };
  return {
    // The root's fingerprint rides with the token: the machine needs to trust nobody on the way to pin the right root.
    invitation: { nodeId, token: `${secret}.${input.rootFingerprint}`, expiresAt: new Date(expiresAtMs).toISOString() },
    writes: [
      createEnrolment(enrolment),
      audited(nowMs, {
        tenantId: input.tenantId,
        who: input.by,
        what: "invite-node",
        record: nodeId,
        after: { ...enrolment, tokenHash: "" },
        requestId: input.requestId,
      }),
    ],
  };
}
