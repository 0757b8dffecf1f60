import type { Client } from "@steward/contracts/client";
import { newId, runIdOf } from "@steward/contracts/ids";
import { newTraceId, traceparentOf } from "@steward/contracts/trace-context";
import { beforeEach, expect, it } from "vitest";
import type { LedgerEntry } from "./ledger.ts";
import { createRunRequests, type RunRequests } from "./run-requests.ts";

const runId = runIdOf(newId("rollout", 1), 0);
const other = runIdOf(newId("rollout", 1), 1);
const start = { ledgerId: crypto.randomUUID(), executor: "simulate" as const };

let entries: Pick<LedgerEntry, "runId" | "attempt" | "requestId">[];
let told: string | undefined;
let sentFor: (string | undefined)[];
let lines: unknown[];
let requests: RunRequests;
beforeEach(() => {
  entries = [];
  told = undefined;
  sentFor = [];
  lines = [];
  requests = createRunRequests({
    call: (async (_name: string, input: Parameters<Client>[1]) => {
      sentFor.push(input.requestId);
      input.onHeaders?.((name) => (name === "traceparent" ? told : undefined));
      return {};
    }) as unknown as Client,
    log: (event, fields) => void lines.push({ event, ...fields }),
    ledger: { entries: () => entries as LedgerEntry[] },
  });
});

const fetchEnvelope = (requestId: string | undefined, of = runId) => {
  told = requestId === undefined ? undefined : (traceparentOf(requestId) ?? requestId);
  return requests.call("getEnvelope", { params: { runId: of } });
};
const askToStart = (attempt: number, of = runId) =>
  requests.call("startRun", { params: { runId: of }, body: { attempt, ...start } });

it("calls and lines about a run are part of the request that came with its envelope, and no others are", async () => {
  const requestId = newTraceId();
  await fetchEnvelope(requestId);
  await askToStart(1);
  await askToStart(1, other);
  await requests.call("pendingRuns", {});
  expect(sentFor).toEqual([undefined, requestId, undefined, undefined]);
  requests.log("run.started", { runId, attempt: 1 });
  requests.log("run.refused", { runId });
  requests.log("run.started", { runId: other });
  requests.log("agent.connected");
  expect(lines).toEqual([
    { event: "run.started", runId, attempt: 1, requestId },
    { event: "run.refused", runId, requestId },
    { event: "run.started", runId: other },
    { event: "agent.connected" },
  ]);
});

it("a life after this one knows it from the ledger, and a late result is of its own attempt", async () => {
  const [first, second] = [newTraceId(), newTraceId()];
  entries = [{ runId, attempt: 1, requestId: first }];
  expect(requests.of({ runId })).toBe(first);
  // A retry is what somebody else asked for.
  await fetchEnvelope(second);
  await askToStart(1);
  await askToStart(2);
  expect(sentFor).toEqual([undefined, first, second]);
});

it("what is no such header names no request, and forgets the one before", async () => {
  await fetchEnvelope(newTraceId());
  for (const hostile of [
    "../../etc/passwd",
    "a".repeat(5_000),
    `00-${"0".repeat(32)}-${"1".repeat(16)}-00`,
    undefined,
  ]) {
    await fetchEnvelope(hostile);
    await askToStart(1);
    expect([sentFor.at(-1), requests.of({ runId })]).toEqual([undefined, undefined]);
  }
});

it("however many runs a long life sees, it remembers the last of them only", async () => {
  const rollout = newId("rollout", 2);
  const ids = Array.from({ length: 300 }, (_, index) => runIdOf(rollout, index));
  for (const id of ids) await fetchEnvelope(newTraceId(), id);
  expect(ids.filter((id) => requests.of({ runId: id }) !== undefined)).toEqual(ids.slice(100));
});
