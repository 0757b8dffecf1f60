import fc from "fast-check";
import { expect, test } from "vitest";
import type { RefreshState } from "../tenant/tenant-state.ts";
import { judgeRefresh } from "./judge-refresh.ts";

const againMs = 60_000;

/**
 * One session through any sequence of tries, each with any token that there ever was, at any moment. What `rotate` stores
 * is what the use case stores.
 */
test("of all tokens that there ever were, the newest goes on, the one before for a minute, and every other ends it", () => {
  const tries = fc.array(fc.record({ back: fc.nat(5), waitMs: fc.nat(90_000) }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(tries, (steps) => {
      const given = ["r0"];
      let session: { tokenHash: string; refresh: RefreshState } = {
        tokenHash: "family",
        refresh: { currentHash: "r0", rotatedAtMs: 0 },
      };
      let nowMs = 0;
      for (const { back, waitMs } of steps) {
        nowMs += waitMs;
        const at = Math.max(0, given.length - 1 - back);
        const verdict = judgeRefresh(session, given[at] ?? "", { nowMs, againMs });
        const isNewest = at === given.length - 1;
        const isAgain = at === given.length - 2 && nowMs - session.refresh.rotatedAtMs <= againMs;
        expect(verdict).toBe(isNewest ? "rotate" : isAgain ? "again" : "reused");
        if (verdict === "reused") return;
        if (verdict === "again") continue;
        const next = `r${given.length}`;
        session = {
          ...session,
          refresh: { currentHash: next, previousHash: given[at] ?? "", salt: "s", rotatedAtMs: nowMs },
        };
        given.push(next);
      }
    }),
  );
});

test("a clock that is behind the one that rotated is no reason to end a session", () => {
  const refresh = { currentHash: "r1", previousHash: "r0", rotatedAtMs: 10_000 };
  expect(judgeRefresh({ tokenHash: "f", refresh }, "r0", { nowMs: 5_000, againMs })).toBe("again");
});

test("a session from before refresh tokens rotated goes on with the token that it has", () => {
  expect(judgeRefresh({ tokenHash: "r0" }, "r0", { nowMs: 1, againMs })).toBe("rotate");
  expect(judgeRefresh({ tokenHash: "r0" }, "other", { nowMs: 1, againMs })).toBe("reused");
});
