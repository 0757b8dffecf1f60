import { type AuditQuery, listAudit as listEntries } from "@steward/aws/records/audit";
import type { Seals } from "@steward/aws/seals";
import { type AuditEntryView, viewOfEntry } from "@steward/contracts/audit";
import { AppError } from "@steward/contracts/errors";
import { isStaffAdmin } from "@steward/core/principal/grants";
import { proveTenant, type SealView } from "@steward/contracts/seal";
import type { SignedDocument } from "@steward/contracts/signed";
import type { Caller, Context } from "./context.ts";
import { parseStored } from "./seal-trail.ts";

/** One page of the tenant's trail, newest first. */
export async function listAudit(
  deps: Pick<Context, "table">,
  caller: Caller,
  query: Omit<AuditQuery, "fromMs" | "toMs"> & { from?: string | undefined; to?: string | undefined },
): Promise<{ items: AuditEntryView[]; after?: string }> {
  const { from, to, ...rest } = query;
  const { items, after } = await listEntries(deps.table, caller.tenantId, {
    ...rest,
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
  });
  return {
    items: items.map(({ entry, seal }) => viewOfEntry(entry, seal)),
    ...(after === undefined ? {} : { after }),
  };
}

/** Seals from a sequence on, each as it was first written, with what it holds of the tenant; or of everybody, for staff. */
export async function listSeals(
  deps: Pick<Context, "trust"> & { seals: Seals; rootPublicKey: () => Promise<string> },
  caller: Caller,
  query: { from: number; limit: number; show: "own" | "whole" },
): Promise<{ items: SealView[]; trust: SignedDocument; rootPublicKey: string; after?: string }> {
  if (query.show === "whole" && !isStaffAdmin(caller.principal.grants)) {
    throw new AppError("forbidden", "what is sealed of others is for the provider's staff", {
      next: "Ask without `show`: the answer proves what is sealed of your tenant.",
    });
  }
  const { seals, more } = await deps.seals.list(query.from, query.limit);
  const [trust, rootPublicKey, items] = await Promise.all([
    deps.trust(),
    deps.rootPublicKey(),
    Promise.all(
      seals.map(async (listed): Promise<SealView> => {
        const { document, leaves } = parseStored(await deps.seals.getVersion(listed), listed.sequence);
        const proof =
          query.show === "whole" ? { kind: "whole" as const, leaves } : proveTenant(leaves, caller.tenantId);
        return { sequence: listed.sequence, document, proof, versions: listed.versions };
      }),
    ),
  ]);
  const last = items.at(-1);
  return { items, trust, rootPublicKey, ...(more && last !== undefined ? { after: String(last.sequence) } : {}) };
}
