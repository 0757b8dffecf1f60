import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServerClock } from "./clock.ts";
import { splitToken } from "./enrol.ts";
import { renewalIsDue } from "./node-client.ts";
import { openSequence } from "./sequence.ts";
import { createFile, openStateDir, replaceFile } from "./state-files.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-node-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("the sequence", () => {
  it("grows strictly over restarts at any point, with one write per block", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 5 }), async (lives) => {
        const folder = await mkdtemp(join(dir, "s-"));
        let last = 0;
        for (const beats of lives) {
          const sequence = await openSequence(folder, 10);
          for (let beat = 0; beat < beats; beat += 1) {
            const next = await sequence.next();
            expect(next).toBeGreaterThan(last);
            last = next;
          }
        }
      }),
      { numRuns: 10 },
    );
  });

  it("continues above what the server has seen, also after the next restart", async () => {
    const sequence = await openSequence(dir, 10);
    sequence.continueAbove(500);
    expect(await sequence.next()).toBe(501);
    expect(await (await openSequence(dir, 10)).next()).toBeGreaterThan(501);
  });
});

describe("state files", () => {
  it("are created once, replaced whole, and readable by their owner only", async () => {
    const path = join(dir, "f");
    expect(await createFile(path, "one")).toBe(true);
    expect(await createFile(path, "two")).toBe(false);
    expect(await readFile(path, "utf8")).toBe("one");
    await replaceFile(path, "three");
    expect(await readFile(path, "utf8")).toBe("three");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dir)).toEqual(["f"]);
  });

  it("say what to do when the folder cannot be made", async () => {
    await replaceFile(join(dir, "file"), "");
    await expect(openStateDir(join(dir, "file", "below"))).rejects.toMatchObject({
      code: "unavailable",
      retryable: false,
      next: expect.stringContaining("writable"),
    });
  });
});

describe("the server's clock", () => {
  it("is never behind the server, whatever the answer's way took, and knows no wall clock", () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.nat(5_000), fc.nat(100_000), (there, back, later) => {
        let now = 0;
        const clock = createServerClock({ monotonicMs: () => now, sleep: async () => {} });
        expect(clock.nowMs()).toBeUndefined();
        const serverAtZero = 1_700_000_000_000;
        now = there + back;
        clock.observe(serverAtZero + there, 0);
        now += later;
        const truth = serverAtZero + now;
        expect(clock.nowMs()).toBeGreaterThanOrEqual(truth);
        expect((clock.nowMs() ?? 0) - truth).toBeLessThanOrEqual(there);
      }),
    );
  });
});

it("a certificate is renewed at two thirds of its life", () => {
  const life = { notBeforeMs: 0, notAfterMs: 300 };
  expect(renewalIsDue(life, 199)).toBe(false);
  expect(renewalIsDue(life, 200)).toBe(true);
});

it("a token may carry the root's fingerprint", () => {
  const hex = "ab".repeat(32);
  expect(splitToken(` tok.${hex}\n`)).toEqual({ token: "tok", rootFingerprint: hex });
  expect(splitToken("tok.en")).toEqual({ token: "tok.en" });
});
