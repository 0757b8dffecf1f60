import { appendAudit } from "@steward/aws/records/audit";
import type { Write } from "@steward/aws/table";
import { canonicalHash } from "@steward/contracts/canonical";
import { newId } from "@steward/contracts/ids";
import { requestInHand } from "./request-scope.ts";

export interface AuditInput {
  tenantId: string;
  /** A person's or node's id, or `steward:<part>`. */
  who: string;
  /** The use case. */
  what: string;
  record: string;
  before?: object | undefined;
  after?: object | undefined;
  /** By default the one that the calling code works for. */
  requestId?: string | undefined;
}

/** The trail's entry for a change, to be committed with the change. */
export function audited(nowMs: number, input: AuditInput): Write {
  const requestId = input.requestId ?? requestInHand();
  return appendAudit({
    v: 1,
    tenantId: input.tenantId,
    auditId: newId("audit", nowMs),
    atMs: nowMs,
    who: input.who,
    what: input.what,
    record: input.record,
    ...(input.before === undefined ? {} : { before: canonicalHash(input.before) }),
    ...(input.after === undefined ? {} : { after: canonicalHash(input.after) }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
