import { z } from "zod";
import { sha256Hex } from "./canonical.ts";
import { merklePath, merkleRoot, merkleTree, rootOfPath } from "./merkle.ts";
import { digestSchema } from "./release.ts";

/**
 * A plan binds its targets by the root of a Merkle tree (the shape of RFC 6962) over the sorted ids, so that an
 * envelope can prove "this appliance is among the targets" in a few hashes, and shows an appliance no other's id.
 */
export const targetProofSchema = z.strictObject({
  index: z.number().int().nonnegative(),
  count: z.number().int().positive(),
  path: z.array(digestSchema).max(32),
});
export type TargetProof = z.infer<typeof targetProofSchema>;

const leafHash = (id: string) => sha256Hex(`leaf:${id}`);

/** Root over the ids in sorted order. Throws on an empty or repeating list. */
export function targetsRoot(ids: readonly string[]): string {
  return merkleRoot(sortedUnique(ids).map(leafHash));
}

/** Proof that `id` is among `ids`. Throws when it is not. */
export function proveTarget(ids: readonly string[], id: string): TargetProof {
  const sorted = sortedUnique(ids);
  const index = sorted.indexOf(id);
  if (index < 0) throw new RangeError(`${id} is not a target`);
  return { index, count: sorted.length, path: merklePath(sorted.map(leafHash), index) };
}

/** The proofs of many of them, from a tree that is made once. Throws like `proveTarget`. */
export function targetProver(ids: readonly string[]): (id: string) => TargetProof {
  const sorted = sortedUnique(ids);
  const places = new Map(sorted.map((id, index) => [id, index]));
  const tree = merkleTree(sorted.map(leafHash));
  return (id) => {
    const index = places.get(id);
    if (index === undefined) throw new RangeError(`${id} is not a target`);
    return { index, count: sorted.length, path: tree.pathOf(index) };
  };
}

/** True when the proof leads from `id` to `root`. */
export function provesTarget(root: string, id: string, proof: TargetProof): boolean {
  return rootOfPath(leafHash(id), proof) === root;
}

function sortedUnique(ids: readonly string[]): string[] {
  const sorted = [...ids].sort();
  if (sorted.length === 0) throw new RangeError("a plan needs a target");
  if (new Set(sorted).size !== sorted.length) throw new RangeError("a target is named twice");
  return sorted;
}
