import { sha256Hex } from "./canonical.ts";

/* A Merkle tree in the shape of RFC 6962 over the hashes of its leaves, in the order that they are given in. */

/** Where a leaf is, and the siblings from it upwards; the last one is the root's child. */
export interface MerklePlace {
  index: number;
  count: number;
  path: readonly string[];
}

const nodeHash = (left: string, right: string) => sha256Hex(`node:${left}${right}`);

/** The largest power of two that is smaller than `count`. */
function splitPoint(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

/** Throws where there is no leaf: what an empty list hashes to is for its owner to say. */
export function merkleRoot(leaves: readonly string[]): string {
  const [only] = leaves;
  if (only === undefined) throw new RangeError("a tree needs a leaf");
  if (leaves.length === 1) return only;
  const split = splitPoint(leaves.length);
  return nodeHash(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)));
}

export function merklePath(leaves: readonly string[], index: number): string[] {
  if (leaves.length === 1) return [];
  const split = splitPoint(leaves.length);
  return index < split
    ? [...merklePath(leaves.slice(0, split), index), merkleRoot(leaves.slice(split))]
    : [...merklePath(leaves.slice(split), index - split), merkleRoot(leaves.slice(0, split))];
}

/** The same tree made once, for whoever asks for the paths of many leaves: each is then a walk from the root. */
export function merkleTree(leaves: readonly string[]): { root: string; pathOf: (index: number) => string[] } {
  const [only] = leaves;
  if (only === undefined) throw new RangeError("a tree needs a leaf");
  const top = branchOf(leaves, 0, leaves.length);
  return {
    root: top.hash,
    pathOf(index) {
      if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new RangeError(`no leaf ${index}`);
      const path: string[] = [];
      let at = index;
      for (let branch = top; branch.below !== undefined; ) {
        const { split, left, right } = branch.below;
        path.push(at < split ? right.hash : left.hash);
        branch = at < split ? left : right;
        if (at >= split) at -= split;
      }
      return path.reverse();
    },
  };
}

interface Branch {
  hash: string;
  below?: { split: number; left: Branch; right: Branch };
}

function branchOf(leaves: readonly string[], from: number, count: number): Branch {
  if (count === 1) return { hash: leaves[from] ?? "" };
  const split = splitPoint(count);
  const left = branchOf(leaves, from, split);
  const right = branchOf(leaves, from + split, count - split);
  return { hash: nodeHash(left.hash, right.hash), below: { split, left, right } };
}

/** The root that the path leads to from the leaf; undefined where it is no path of such a place. */
export function rootOfPath(leaf: string, { index, count, path }: MerklePlace): string | undefined {
  if (index < 0 || index >= count) return undefined;
  const rest = [...path];
  const compute = (at: number, size: number): string | undefined => {
    if (size === 1) return leaf;
    const split = splitPoint(size);
    const sibling = rest.pop();
    if (sibling === undefined) return undefined;
    const isLeft = at < split;
    const below = isLeft ? compute(at, split) : compute(at - split, size - split);
    if (below === undefined) return undefined;
    return isLeft ? nodeHash(below, sibling) : nodeHash(sibling, below);
  };
  const root = compute(index, count);
  return rest.length === 0 ? root : undefined;
}
