import { gateChanged } from "@steward/aws/records/gate-epoch";
import { createPolicy, getPolicy as getPolicyRecord, replacePolicy } from "@steward/aws/records/policy";
import { commit } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import {
  noPolicy,
  type putTenantPolicySchema,
  type TenantPolicy,
  type TenantPolicyView,
} from "@steward/contracts/tenant-policy";
import type { PolicyState } from "@steward/core/tenant/policy-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export async function viewPolicy(deps: Pick<Context, "table">, caller: Caller): Promise<TenantPolicyView> {
  return view(await getPolicyRecord(deps.table, caller.tenantId));
}

/**
 * Replaces the tenant's policy. It holds for the next thing that the gate is asked, also of plans that were approved
 * before. Throws `conflict` where another revision is in force than the one that was looked at.
 */
export async function putPolicy(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  body: z.infer<typeof putTenantPolicySchema>,
): Promise<TenantPolicyView> {
  const { revision, ...policy } = body;
  await checkTimes(policy);
  const replace = async () => {
    const before = await getPolicyRecord(deps.table, caller.tenantId);
    if (revision !== undefined && revision !== (before?.version ?? 0)) {
      throw new AppError("conflict", "the policy is not the one that you looked at", {
        next: "Look at it again: steward policy show",
        retryable: false,
      });
    }
    const nowMs = deps.nowMs();
    const after: PolicyState = {
      v: 1,
      version: (before?.version ?? 0) + 1,
      tenantId: caller.tenantId,
      policy,
      updatedAtMs: nowMs,
      updatedBy: { id: caller.principal.id, name: caller.principal.name },
      edits: [...recentEdits(before, nowMs, caller.principal.id), { by: caller.principal.id, atMs: nowMs }],
    };
    await commit(deps.table, [
      before === undefined ? createPolicy(after) : replacePolicy(before, after),
      ...gateChanged(caller.tenantId),
      audited(nowMs, {
        tenantId: caller.tenantId,
        who: caller.principal.id,
        what: "put-policy",
        record: caller.tenantId,
        before,
        after,
        requestId: caller.requestId,
      }),
    ]);
    return view(after);
  };
  return revision === undefined ? retryOnConflict(replace) : replace();
}

/** What the schema lets through may still have no times: a rule that can never be judged would stop every plan. */
async function checkTimes({ forbid }: TenantPolicy): Promise<void> {
  if (!forbid.some(({ during }) => during !== undefined && "cron" in during)) return;
  const { checkRecurrence } = await import("@steward/contracts/due-times");
  for (const [at, { during }] of forbid.entries()) {
    if (during !== undefined && "cron" in during) checkRecurrence(during, `forbid.${at}.during`);
  }
}

/** Who else has changed it within the life of a plan: the last time of each. */
function recentEdits(before: PolicyState | undefined, nowMs: number, by: string): PolicyState["edits"] {
  return (before?.edits ?? []).filter((edit) => edit.by !== by && edit.atMs > nowMs - defaults.planSeconds * 1000);
}

function view(state: PolicyState | undefined): TenantPolicyView {
  if (state === undefined) return { ...noPolicy, revision: 0 };
  return {
    ...state.policy,
    revision: state.version,
    updatedAt: new Date(state.updatedAtMs).toISOString(),
    updatedBy: state.updatedBy,
  };
}
