import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { journalOf, previousOf, settleUpgrade, upgradeProgram } from "../src/upgrade.ts";

/*
 * A process that is killed does nothing any more: from the n-th call to the disk on, none is carried out and none comes
 * back. It is killed before each of them in turn, of the upgrade and then of the settling, with builds that beat and that
 * do not.
 */
const kill = vi.hoisted(() => ({ at: Number.POSITIVE_INFINITY, calls: 0, died: () => {} }));
vi.mock("node:fs/promises", async (importActual) => {
  const actual = await importActual<Record<string, unknown>>();
  return Object.fromEntries(
    Object.entries(actual).map(([name, value]) => [
      name,
      typeof value !== "function"
        ? value
        : (...args: unknown[]) => {
            kill.calls += 1;
            if (kill.calls < kill.at) return (value as (...given: unknown[]) => unknown)(...args);
            kill.died();
            return new Promise(() => {});
          },
    ]),
  );
});

let folder: string;
let program: string;
let started: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steward-kills-"));
  program = join(folder, "steward-agent.mjs");
  writeFileSync(program, "old");
  started = [];
});
afterEach(() => {
  kill.at = Number.POSITIVE_INFINITY;
  rmSync(folder, { recursive: true, force: true });
});

/** Does the work until it ends or is killed before its n-th call; answers how many calls it made. */
async function killedAt(at: number, work: () => Promise<unknown>): Promise<number> {
  const death = Promise.withResolvers<void>();
  Object.assign(kill, { at, calls: 0, died: death.resolve });
  await Promise.race([work(), death.promise]);
  kill.at = Number.POSITIVE_INFINITY;
  return kill.calls;
}

const build = { version: "2.0.0", sha256: createHash("sha256").update("new").digest("hex") };
const options = (beats: boolean) => ({
  program,
  restart: async () => void started.push(readFileSync(program, "utf8")),
  hasBeaten: async () => beats || started.at(-1) === "old",
  log: () => {},
});
const upgrade = (beats: boolean) =>
  upgradeProgram({ ...options(beats), build, fetchBuild: async () => Buffer.from("new") });

it.each([true, false])(
  "whenever it is killed, there is a whole program, and the way back is taken where it must be (%s)",
  async (beats) => {
    const whole = await killedAt(Number.POSITIVE_INFINITY, () => upgrade(beats));
    expect(whole).toBeGreaterThan(15);
    for (let first = 1; first <= whole; first += 1) {
      for (const second of [1 + (first % 12), Number.POSITIVE_INFINITY]) {
        rmSync(folder, { recursive: true, force: true });
        folder = mkdtempSync(join(tmpdir(), "steward-kills-"));
        program = join(folder, "steward-agent.mjs");
        writeFileSync(program, "old");
        started = [];
        await killedAt(first, () => upgrade(beats));
        expect(["old", "new"]).toContain(readFileSync(program, "utf8"));
        // What a machine's next start settles with is there before there is anything to settle, and is the old one.
        if (existsSync(journalOf(program))) expect(readFileSync(previousOf(program), "utf8")).toBe("old");
        await killedAt(second, () => settleUpgrade(options(beats)));
        expect(["old", "new"]).toContain(readFileSync(program, "utf8"));
        await settleUpgrade(options(beats));
        const runs = readFileSync(program, "utf8");
        expect(existsSync(journalOf(program))).toBe(false);
        if (!beats) expect(runs).toBe("old");
        // Whatever runs was started as what it is, unless the upgrade died before it changed anything.
        if (started.length > 0) expect(started.at(-1)).toBe(runs);
        else expect(runs).toBe("old");
        // And the next one goes through.
        if (runs === "old") expect(await upgrade(beats)).toMatchObject({ type: beats ? "upgraded" : "returned" });
      }
    }
  },
);
