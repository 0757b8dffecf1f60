import type { TenantStatus, TenantView } from "@steward/contracts/tenant";
import type { Term } from "../../text.ts";

export const tenantTerms: Record<TenantStatus, Term> = {
  active: { text: "active", tone: "good" },
  suspended: { text: "suspended", tone: "wait" },
  deleting: { text: "deleted, can be restored", tone: "bad" },
  purging: { text: "being removed", tone: "bad" },
  purged: { text: "removed", tone: "still" },
};

/** What may be done with a tenant as it is; the API decides again. */
export function tenantMoves({ status }: Pick<TenantView, "status">, isProvider: boolean) {
  const isThere = status === "active" || status === "suspended" || status === "deleting";
  return {
    rename: isThere,
    setLimits: isThere,
    suspend: status === "active" && !isProvider,
    /** Another reason. */
    suspendAgain: status === "suspended",
    resume: status === "suspended",
    delete: isThere && !isProvider,
    restore: status === "deleting",
  };
}
