import { z } from "zod";
import { sha256Hex } from "./canonical.ts";
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
const nodeHash = (left: string, right: string) => sha256Hex(`node:${left}${right}`);

/** The largest power of two that is smaller than `count`. */
function splitPoint(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

/** Root over the ids in sorted order. Throws on an empty or repeating list. */
export function targetsRoot(ids: readonly string[]): string {
  return rootOf(sortedUnique(ids));
}

/** Proof that `id` is among `ids`. Throws when it is not. */
export function proveTarget(ids: readonly string[], id: string): TargetProof {
  const sorted = sortedUnique(ids);
  const index = sorted.indexOf(id);
  if (index < 0) throw new RangeError(`${id} is not a target`);
  return { index, count: sorted.length, path: pathOf(sorted, index) };
}

/** True when the proof leads from `id` to `root`. */
export function provesTarget(root: string, id: string, proof: TargetProof): boolean {
  if (proof.index >= proof.count) return false;
  const rest = [...proof.path];
  const compute = (index: number, count: number): string | undefined => {
    if (count === 1) return leafHash(id);
    const split = splitPoint(count);
    const sibling = rest.pop();
    if (sibling === undefined) return undefined;
    if (index < split) {
      const left = compute(index, split);
      return left === undefined ? undefined : nodeHash(left, sibling);
    }
    const right = compute(index - split, count - split);
    return right === undefined ? undefined : nodeHash(sibling, right);
  };
  const computed = compute(proof.index, proof.count);
  return computed === root && rest.length === 0;
}

function sortedUnique(ids: readonly string[]): string[] {
  const sorted = [...ids].sort();
  if (sorted.length === 0) throw new RangeError("a plan needs a target");
  if (new Set(sorted).size !== sorted.length) throw new RangeError("a target is named twice");
  return sorted;
}

function rootOf(sorted: readonly string[]): string {
  const [only] = sorted;
  if (sorted.length === 1 && only !== undefined) return leafHash(only);
  const split = splitPoint(sorted.length);
  return nodeHash(rootOf(sorted.slice(0, split)), rootOf(sorted.slice(split)));
}

/** Siblings from the leaf upwards; the last one is the root's child. */
function pathOf(sorted: readonly string[], index: number): string[] {
  if (sorted.length === 1) return [];
  const split = splitPoint(sorted.length);
  return index < split
    ? [...pathOf(sorted.slice(0, split), index), rootOf(sorted.slice(split))]
    : [...pathOf(sorted.slice(split), index - split), rootOf(sorted.slice(0, split))];
}
