import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { expect, test } from "vitest";
import { plain } from "../text/paint.ts";
import type { Ui } from "../ui.ts";
import { followEnrolment } from "./enroll-worker.ts";

const startMs = Date.parse("2026-11-26T00:00:00.000Z");
const away = new AppError("unavailable", "the connection broke", { retryable: true });
const absent = new AppError("not_found", "there is no node");
const enrolled = { id: "wrk_1", name: "gpu-1", keyFingerprint: "ab".repeat(32), confirmed: false, health: "offline" };
const up = {
  ...enrolled,
  confirmed: true,
  health: "healthy",
  capacity: { slots: 2, used: 0 },
  models: ["llama3.2:3b"],
};

/** What each look finds, the last one for ever. Time passes only while it waits. */
function follow(looks: readonly unknown[], isSame = true) {
  const said: string[] = [];
  const called: string[] = [];
  let nowMs = startMs;
  let at = 0;
  const call = (async (name: string) => {
    called.push(name);
    if (name === "confirmNode") return up;
    const found = looks[Math.min(at, looks.length - 1)];
    at += 1;
    if (found instanceof Error) throw found;
    return found;
  }) as unknown as Client;
  const ui = {
    paint: plain,
    canAsk: true,
    say: (text = "") => void said.push(text),
    confirm: async () => isSame,
    progress: () => () => {},
  } as unknown as Ui;
  const ended = followEnrolment(call, {
    nodeId: "wrk_1",
    name: "gpu-1",
    expiresAt: new Date(startMs + 86_400_000).toISOString(),
    ui,
    nowMs: () => nowMs,
    sleep: async (ms) => void (nowMs += ms),
  });
  return { ended, said, called };
}

test("waits for the host, has its key compared, confirms it, and tells when it beats, over a connection that breaks", async () => {
  const { ended, said, called } = follow([
    absent,
    away,
    away,
    absent,
    enrolled,
    away,
    { ...enrolled, confirmed: true },
    up,
  ]);
  expect(await ended).toBe(0);
  expect(called.filter((name) => name === "confirmNode")).toHaveLength(1);
  expect(said.join("\n")).toContain("gpu-1 is up: 2 slots, llama3.2:3b");
});

test("a control plane that is away for more than a minute is told", async () => {
  await expect(follow([away]).ended).rejects.toBe(away);
});

test("a key that is another one than on the screen is not confirmed", async () => {
  const { ended, called } = follow([enrolled], false);
  expect(await ended).toBe(1);
  expect(called).not.toContain("confirmNode");
});

test.each([
  ["an unused token ends with its time", [absent], "its token has ended"],
  ["one that is confirmed and stays silent is looked for on the host", [enrolled], "has not been heard of yet"],
  ["one that is quarantined meanwhile is no more waited for", [{ ...enrolled, quarantinedAt: "now" }], "is shut out"],
])("%s", async (_, looks, message) => {
  await expect(follow(looks).ended).rejects.toThrow(message);
});
