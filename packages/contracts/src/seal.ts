import { z } from "zod";
import { auditIdSchema } from "./audit.ts";
import { canonicalHash, sha256Hex } from "./canonical.ts";
import { tenantIdSchema } from "./ids.ts";
import { merklePath, merkleRoot, rootOfPath } from "./merkle.ts";
import { digestSchema } from "./release.ts";
import { signedDocumentSchema } from "./signed.ts";

/*
 * A seal vouches for the entries of the audit trail that came in since the one before. Seals are a chain: each holds the
 * hash of the one before, and one is made every minute, also of nothing. What is in one is a tree with a leaf for each
 * tenant, so that a tenant can see what is sealed of its own, and that nothing of its own is left out, and sees nothing of
 * the others.
 */

/** What is signed (`steward-seal-v1`), in its canonical form. */
export const sealPayloadSchema = z.strictObject({
  v: z.literal(1),
  /** From 1, without gaps. */
  sequence: z.number().int().positive(),
  /** sha256 of the payload before; zeros in the first. */
  previous: digestSchema,
  /** Of all tenants together. */
  entries: z.number().int().nonnegative(),
  /** How many tenants have a leaf. */
  tenants: z.number().int().nonnegative(),
  root: digestSchema,
  /** Never before the seal before. */
  sealedAtMs: z.number().int().nonnegative(),
});
export type SealPayload = z.infer<typeof sealPayloadSchema>;

export const firstPrevious = "0".repeat(64);

/** `[auditId, hash]`, in the order of the ids. */
const sealedEntriesSchema = z.array(z.tuple([auditIdSchema, digestSchema]));
export type SealedEntries = z.infer<typeof sealedEntriesSchema>;

export const sealLeafSchema = z.strictObject({ tenantId: tenantIdSchema, entries: sealedEntriesSchema });
export type SealLeaf = z.infer<typeof sealLeafSchema>;

/** The object that is kept, under object lock, as `sealKey(sequence)`. */
export const storedSealSchema = z.strictObject({
  v: z.literal(1),
  document: signedDocumentSchema,
  leaves: z.array(sealLeafSchema),
});
export type StoredSeal = z.infer<typeof storedSealSchema>;

export const sealFolder = "seals/";

/** Twelve digits: a seal a minute for longer than there will be minutes, and in order as text. */
export function sealKey(sequence: number): string {
  return `${sealFolder}${String(sequence).padStart(12, "0")}.json`;
}

/** The sequence that a key stands for; undefined for any other key. */
export function sequenceOfKey(key: string): number | undefined {
  const digits = /^seals\/(\d{12})\.json$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const placeSchema = {
  index: z.number().int().nonnegative(),
  path: z.array(digestSchema).max(40),
};

/**
 * What a seal holds, as one may see it.
 * - `included`: the tenant's own leaf, and the way from it to the root.
 * - `absent`: the leaves between which the tenant's would be. They are named by hashes of ids that nobody can guess.
 * - `whole`: every leaf, for the provider's staff.
 */
export const sealProofSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("included"), ...placeSchema, entries: sealedEntriesSchema }),
  z.strictObject({
    kind: z.literal("absent"),
    neighbours: z.array(z.strictObject({ ...placeSchema, key: digestSchema, list: digestSchema })).max(2),
  }),
  z.strictObject({ kind: z.literal("whole"), leaves: z.array(sealLeafSchema) }),
]);
export type SealProof = z.infer<typeof sealProofSchema>;

/** A seal as `GET /audit/seals` shows it. */
export const sealViewSchema = z.strictObject({
  sequence: z.number().int().positive(),
  document: signedDocumentSchema,
  proof: sealProofSchema,
  /** How often its object was written. The first version is shown; more than one is somebody's attempt at another past. */
  versions: z.number().int().positive(),
});
export type SealView = z.infer<typeof sealViewSchema>;

/** Leaves are in the order of these, so that "there is none" can be shown by the two between which it would be. */
const keyOf = (tenantId: string) => sha256Hex(`tenant:${tenantId}`);
const leafHash = (key: string, list: string) => sha256Hex(`seal-leaf:${key}:${list}`);
const listHash = (entries: SealedEntries) => canonicalHash(entries);
const rootOfNothing = sha256Hex("seal-of-nothing");

/** Leaves and entries in their one order, and what the payload says of them. Throws where an entry is there twice. */
export function contentOf(given: readonly SealLeaf[]): {
  leaves: SealLeaf[];
  content: Pick<SealPayload, "entries" | "tenants" | "root">;
} {
  const leaves = given
    .filter(({ entries }) => entries.length > 0)
    .map(({ tenantId, entries }) => ({ tenantId, entries: entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) }))
    .toSorted((a, b) => (keyOf(a.tenantId) < keyOf(b.tenantId) ? -1 : 1));
  const problem = problemOfOrder(leaves);
  if (problem !== undefined) throw new RangeError(problem);
  return {
    leaves,
    content: {
      entries: leaves.reduce((sum, { entries }) => sum + entries.length, 0),
      tenants: leaves.length,
      root: rootOfLeaves(leaves),
    },
  };
}

/** Canonical payload → what the next one calls `previous`. */
export function hashOfSeal(payload: SealPayload): string {
  return canonicalHash(payload);
}

/** What a tenant is shown of a seal. */
export function proveTenant(leaves: readonly SealLeaf[], tenantId: string): SealProof {
  const hashes = leaves.map(hashOfLeaf);
  const own = leaves.findIndex((leaf) => leaf.tenantId === tenantId);
  const leaf = leaves[own];
  if (leaf !== undefined) {
    return { kind: "included", index: own, path: merklePath(hashes, own), entries: leaf.entries };
  }
  const key = keyOf(tenantId);
  const after = leaves.findIndex((other) => keyOf(other.tenantId) > key);
  const at = after < 0 ? leaves.length : after;
  const neighbours = [at - 1, at].flatMap((index) => {
    const neighbour = leaves[index];
    if (neighbour === undefined) return [];
    const place = { index, path: merklePath(hashes, index) };
    return [{ ...place, key: keyOf(neighbour.tenantId), list: listHash(neighbour.entries) }];
  });
  return { kind: "absent", neighbours };
}

/** What the proof shows: the leaves that count for whoever asked, or what is wrong with it. */
export type Proven = { leaves: readonly SealLeaf[] } | { problem: string };

/** Holds a proof to the (already verified) payload. `tenantId` undefined: all of them, so the proof must be `whole`. */
export function checkProof(payload: SealPayload, proof: SealProof, tenantId: string | undefined): Proven {
  if (tenantId === undefined || proof.kind === "whole") {
    if (proof.kind !== "whole") return { problem: "does not show every tenant's leaf" };
    const problem = problemOfWhole(payload, proof.leaves);
    if (problem !== undefined) return { problem };
    return {
      leaves: tenantId === undefined ? proof.leaves : proof.leaves.filter((leaf) => leaf.tenantId === tenantId),
    };
  }
  const count = payload.tenants;
  if (proof.kind === "included") {
    const leaf = { tenantId, entries: proof.entries };
    const root = rootOfPath(hashOfLeaf(leaf), { index: proof.index, count, path: proof.path });
    if (root !== payload.root) return { problem: "does not hold these entries" };
    const problem = problemOfOrder([leaf]);
    return problem === undefined ? { leaves: [leaf] } : { problem };
  }
  return provesAbsence(payload, proof.neighbours, keyOf(tenantId))
    ? { leaves: [] }
    : { problem: "is not shown to hold nothing of this tenant" };
}

function provesAbsence(
  { root, tenants: count }: SealPayload,
  neighbours: Extract<SealProof, { kind: "absent" }>["neighbours"],
  key: string,
): boolean {
  if (count === 0) return neighbours.length === 0 && root === rootOfNothing;
  for (const { index, path, key: other, list } of neighbours) {
    if (rootOfPath(leafHash(other, list), { index, count, path }) !== root) return false;
  }
  const [first, second] = neighbours;
  if (first === undefined) return false;
  if (second !== undefined) return first.index + 1 === second.index && first.key < key && key < second.key;
  return (first.index === 0 && key < first.key) || (first.index === count - 1 && first.key < key);
}

function problemOfWhole(payload: SealPayload, leaves: readonly SealLeaf[]): string | undefined {
  const entries = leaves.reduce((sum, leaf) => sum + leaf.entries.length, 0);
  if (leaves.length !== payload.tenants || entries !== payload.entries || rootOfLeaves(leaves) !== payload.root) {
    return "does not hold these entries";
  }
  return problemOfOrder(leaves);
}

/** Strictly rising keys and ids: whatever stands in a seal stands there once, and in one order. */
function problemOfOrder(leaves: readonly SealLeaf[]): string | undefined {
  const rises = (list: readonly string[]) => list.every((one, index) => index === 0 || (list[index - 1] ?? "") < one);
  if (!rises(leaves.map(({ tenantId }) => keyOf(tenantId)))) return "holds its tenants out of order, or one twice";
  const wrong = leaves.find(({ entries }) => entries.length === 0 || !rises(entries.map(([auditId]) => auditId)));
  return wrong === undefined ? undefined : `holds entries of ${wrong.tenantId} out of order, or one twice`;
}

function hashOfLeaf({ tenantId, entries }: SealLeaf): string {
  return leafHash(keyOf(tenantId), listHash(entries));
}

function rootOfLeaves(leaves: readonly SealLeaf[]): string {
  return leaves.length === 0 ? rootOfNothing : merkleRoot(leaves.map(hashOfLeaf));
}
