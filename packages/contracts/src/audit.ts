import { z } from "zod";
import { canonicalHash } from "./canonical.ts";
import { idSchema, tenantIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";

export const auditIdSchema = idSchema("audit");

/** One entry of the trail. All of it is what a seal vouches for. */
export interface AuditEntry {
  v: 1;
  tenantId: string;
  auditId: string;
  atMs: number;
  /** Who: a person, a token, a node, or a part of Steward (`steward:reconcile`). */
  who: string;
  /** The use case, as a verb: `approve-plan`. Of what was refused: `denied-forbidden`. */
  what: string;
  /** On which record; of what was refused, which route. */
  record: string;
  /** sha256 of the canonical state before and after; absent where there was none. */
  before?: string;
  after?: string;
  requestId?: string;
  /** Of what was refused: how often within the minute that begins `atMs`. */
  count?: number;
}

/** An entry as `GET /audit` shows it. */
export const auditEntryViewSchema = z.strictObject({
  id: auditIdSchema,
  tenantId: tenantIdSchema,
  at: z.iso.datetime(),
  who: z.string(),
  what: z.string(),
  record: z.string(),
  before: digestSchema.optional(),
  after: digestSchema.optional(),
  requestId: z.string().optional(),
  count: z.number().int().positive().optional(),
  /** The sequence of the seal that holds it; absent until the next one, within about a minute. */
  seal: z.number().int().positive().optional(),
});
export type AuditEntryView = z.infer<typeof auditEntryViewSchema>;

export function viewOfEntry(entry: AuditEntry, seal?: number): AuditEntryView {
  const { v: _v, auditId, atMs, ...rest } = entry;
  return { id: auditId, at: new Date(atMs).toISOString(), ...rest, ...(seal === undefined ? {} : { seal }) };
}

export function entryOfView(view: AuditEntryView): AuditEntry {
  const { id, at, seal: _seal, ...rest } = view;
  // zod writes what is absent as `| undefined`; the canonical form has no such thing.
  const present = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { v: 1, auditId: id, atMs: Date.parse(at), ...(present as Omit<AuditEntry, "v" | "auditId" | "atMs">) };
}

/** What a seal holds of an entry. */
export function hashOfEntry(entry: AuditEntry): string {
  return canonicalHash(entry);
}
