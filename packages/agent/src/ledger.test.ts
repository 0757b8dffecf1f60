import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId, runIdOf } from "@steward/contracts/ids";
import type { RunResult } from "@steward/contracts/run";
import { newTraceId } from "@steward/contracts/trace-context";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLedger } from "./ledger.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-ledger-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const run = { runId: runIdOf(newId("rollout", 1), 0), attempt: 1, planHash: "a".repeat(64), expiresAtMs: 1000 };
const step = { action: "users.add", status: "succeeded" as const, changed: 1, durationMs: 5 };
const server = { startedAtMs: 10, deadlineMs: 20 };
const resultOf = (ledgerId: string): RunResult => ({
  attempt: 1,
  ledgerId,
  executor: "simulate",
  status: "simulated",
  steps: [step],
});

describe("the ledger", () => {
  it("is found again as it was left, in every state", async () => {
    // A kill is a new life that opens the same folder; it happens after every write.
    const prepared = await (await openLedger(dir)).prepare(run);
    let ledger = await openLedger(dir);
    expect(ledger.entries()).toEqual([prepared]);
    expect(prepared.state).toBe("prepared");
    expect(await ledger.prepare(run)).toEqual(prepared);

    await ledger.start(prepared, server);
    ledger = await openLedger(dir);
    let [entry] = ledger.entries();
    expect(entry).toMatchObject({ state: "started", ledgerId: prepared.ledgerId, steps: [] });
    if (!entry) return;
    await ledger.recordStep(entry, 0, step);
    ledger = await openLedger(dir);
    [entry] = ledger.entries();
    expect(entry).toMatchObject({ state: "started", steps: [step] });
    if (!entry) return;
    await ledger.finish(entry, resultOf(entry.ledgerId));
    ledger = await openLedger(dir);
    [entry] = ledger.entries();
    expect(entry).toMatchObject({ state: "finished", result: resultOf(prepared.ledgerId) });
    if (!entry) return;
    await ledger.report(entry, "taken", 100);
    expect((await openLedger(dir)).entries()[0]).toMatchObject({ state: "reported", closedAtServerMs: 100 });
  });

  it("keeps the request of an attempt for the lives after, and does without where it cannot be read", async () => {
    const requestId = newTraceId();
    const prepared = await (await openLedger(dir)).prepare({ ...run, requestId });
    expect(prepared.requestId).toBe(requestId);
    expect((await openLedger(dir)).entries()).toEqual([prepared]);
    await writeFile(join(dir, "runs", `${run.runId}.1`, "request.json"), '{"v":1,"requestId":"../x"}');
    const { requestId: _, ...rest } = prepared;
    expect((await openLedger(dir)).entries()).toEqual([rest]);
  });

  it("never goes back, skips or repeats a state", async () => {
    const ledger = await openLedger(dir);
    const entry = await ledger.prepare(run);
    await expect(ledger.finish(entry, resultOf(entry.ledgerId))).rejects.toThrow("not started");
    await ledger.start(entry, server);
    await expect(ledger.start(entry, server)).rejects.toThrow("not prepared");
    await expect(ledger.drop(entry, "no")).rejects.toThrow("not prepared");
  });

  it("notices another agent on the same folder before anything runs", async () => {
    const mine = await openLedger(dir);
    const entry = await mine.prepare(run);
    const other = await openLedger(dir);
    await other.start(entry, server);
    await expect(mine.start(entry, server)).rejects.toThrow("another agent");
  });

  it("gives each attempt an entry of its own, and a lost one a new id", async () => {
    const ledger = await openLedger(dir);
    const first = await ledger.prepare(run);
    const second = await ledger.prepare({ ...run, attempt: 2 });
    expect(second.ledgerId).not.toBe(first.ledgerId);
    await rm(join(dir, "runs"), { recursive: true });
    expect((await (await openLedger(dir)).prepare(run)).ledgerId).not.toBe(first.ledgerId);
  });

  it("takes a folder without its first file for nothing", async () => {
    await (await openLedger(dir)).prepare(run);
    const [name] = await readdir(join(dir, "runs"));
    await rm(join(dir, "runs", name ?? "", "prepared.json"));
    const ledger = await openLedger(dir);
    expect(ledger.entries()).toEqual([]);
    expect((await ledger.prepare(run)).state).toBe("prepared");
  });

  it("forgets what ended a week ago by the server's clock, never what is open", async () => {
    const ledger = await openLedger(dir);
    const done = await ledger.prepare(run);
    const started = await ledger.start(await ledger.prepare({ ...run, attempt: 2 }), server);
    await ledger.drop(done, "stale", 1000);
    await ledger.prune(1000 + 8 * 86_400_000);
    expect((await openLedger(dir)).entries()).toEqual([started]);
  });
});
