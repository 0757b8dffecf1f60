import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { provesTarget, proveTarget, targetsRoot } from "./targets-proof.ts";

const idsOf = (count: number) => Array.from({ length: count }, (_, at) => `apl_${String(at).padStart(3, "0")}`);
const sizes = fc.integer({ min: 1, max: 70 });
const flip = (hex: string) => (hex.startsWith("0") ? "1" : "0") + hex.slice(1);

describe("a proof that an appliance is among a plan's targets", () => {
  it("holds for every target of every size, and for nobody else with the same proof", () => {
    for (let count = 1; count <= 70; count += 1) {
      const ids = idsOf(count);
      const root = targetsRoot(ids);
      for (const id of ids) {
        const proof = proveTarget(ids, id);
        expect(provesTarget(root, id, proof)).toBe(true);
        expect(provesTarget(root, "apl_zzz", proof)).toBe(false);
      }
    }
  });

  it("fails for another target's proof, another index, another count and any changed hash", () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (count, one, two) => {
        const ids = idsOf(count);
        const root = targetsRoot(ids);
        const [a = "", b = ""] = [ids[one % count], ids[two % count]];
        const proof = proveTarget(ids, a);
        if (a !== b) expect(provesTarget(root, b, proof)).toBe(false);
        expect(provesTarget(root, a, { ...proof, index: count })).toBe(false);
        expect(provesTarget(root, a, { ...proof, path: [...proof.path, "0".repeat(64)] })).toBe(false);
        proof.path.forEach((hash, at) => {
          expect(provesTarget(root, a, { ...proof, path: proof.path.with(at, flip(hash)) })).toBe(false);
          expect(provesTarget(root, a, { ...proof, path: proof.path.toSpliced(at, 1) })).toBe(false);
        });
      }),
    );
  });

  it("has a root that depends on the set and not on its order", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 40 }), (ids) => {
        expect(targetsRoot([...ids].reverse())).toBe(targetsRoot(ids));
        expect(targetsRoot([...ids, "another target"])).not.toBe(targetsRoot(ids));
      }),
    );
  });

  it("is not made for nobody, a stranger, or a target that is named twice", () => {
    expect(() => targetsRoot([])).toThrow(RangeError);
    expect(() => targetsRoot(["a", "a"])).toThrow(RangeError);
    expect(() => proveTarget(["a"], "b")).toThrow(RangeError);
  });
});
