import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { encodeTime, monotonicFactory, TIME_LEN } from "ulid";
import { z } from "zod";

/** Prefixes of all ids. An id is `<prefix>_<ULID in lower case>`: unique, and sortable by the time it was made. */
export const idPrefixes = {
  appliance: "apl",
  worker: "wrk",
  task: "tsk",
  job: "job",
  rollout: "rol",
  run: "run",
  alert: "alr",
  certificate: "crt",
  tenant: "ten",
  person: "per",
  token: "tok",
  session: "ses",
  enrolment: "enr",
  freeze: "frz",
  window: "win",
  audit: "aud",
  issuer: "iss",
  schedule: "sch",
  notification: "ntf",
  notice: "ntc",
} as const;

export type IdKind = keyof typeof idPrefixes;

const ulidPattern = "[0-9a-hjkmnp-tv-z]{26}";

/** Schema of one kind of id. */
export function idSchema(kind: IdKind) {
  return z.string().regex(new RegExp(`^${idPrefixes[kind]}_${ulidPattern}$`), `must look like ${idPrefixes[kind]}_…`);
}

const next = monotonicFactory();

/** A new id. `timeMs` is the caller's clock; two ids made in one process never collide and sort in order of making. */
export function newId(kind: IdKind, timeMs: number): string {
  return `${idPrefixes[kind]}_${next(timeMs).toLowerCase()}`;
}

const crockford = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * The id that this seed and time always give. For what a repeated request would otherwise make twice: the second
 * creation meets the record of the first.
 */
export function derivedId(kind: IdKind, timeMs: number, seed: string): string {
  const random = Array.from(sha256(utf8ToBytes(seed)).subarray(0, 16), (byte) => crockford[byte % 32]).join("");
  return `${idPrefixes[kind]}_${encodeTime(timeMs, TIME_LEN).toLowerCase()}${random}`;
}

/** What no id of the kind that was made at that time or later comes before. */
export function firstIdAt(kind: IdKind, timeMs: number): string {
  return `${idPrefixes[kind]}_${encodeTime(timeMs, TIME_LEN).toLowerCase()}${"0".repeat(16)}`;
}

/** The tenant of the provider's own machines. Other tenants have ULIDs; this one is a fixed word. */
export const providerTenantId = "ten_provider";

export const tenantIdSchema = z.string().regex(new RegExp(`^ten_(provider|${ulidPattern})$`), "must look like ten_…");

export const applianceIdSchema = idSchema("appliance");
export const nodeIdSchema = z.string().regex(new RegExp(`^(apl|wrk)_${ulidPattern}$`), "must look like apl_… or wrk_…");
export const taskIdSchema = idSchema("task");
export const jobIdSchema = idSchema("job");
export const runIdSchema = z.string().regex(new RegExp(`^run_${ulidPattern}[0-9a-z]{4}$`), "must look like run_…");
export const rolloutIdSchema = idSchema("rollout");
export const personIdSchema = idSchema("person");
export const tokenIdSchema = idSchema("token");
export const issuerIdSchema = idSchema("issuer");
export const scheduleIdSchema = idSchema("schedule");
/** Who may be signed in: a person, or a service token. */
export const principalIdSchema = z
  .string()
  .regex(new RegExp(`^(per|tok)_${ulidPattern}$`), "must look like per_… or tok_…");

/**
 * The id of the run for the `index`-th target (in sorted order) of a rollout. Derived, not random: a dispatcher that
 * was killed after creating half of the runs creates the other half, and no run twice.
 */
export function runIdOf(rolloutId: string, index: number): string {
  if (!Number.isInteger(index) || index < 0 || index >= 36 ** 4) throw new RangeError(`no run ${index}`);
  return `${idPrefixes.run}_${rolloutId.slice(idPrefixes.rollout.length + 1)}${index.toString(36).padStart(4, "0")}`;
}
