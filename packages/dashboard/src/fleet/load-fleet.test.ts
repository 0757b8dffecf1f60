import type { Caller } from "@steward/contracts/caller";
import { AppError } from "@steward/contracts/errors";
import type { Health } from "@steward/contracts/heartbeat";
import { describe, expect, it } from "vitest";
import { loadFleet } from "./load-fleet.ts";

const levels: Health[] = ["critical", "offline", "warning", "healthy"];

/** An API with these machines; `asked` counts its calls. */
function apiOf(healths: Health[], options: { refusesFirst?: boolean } = {}) {
  const nodes = healths.map((health, at) => ({
    id: `apl_${at}`,
    name: `n${String(at).padStart(5, "0")}`,
    tenantId: "ten_a",
    kind: "appliance",
    health,
    tags: [],
    doorbell: "pull",
    confirmed: true,
  }));
  const state = { asked: 0, refuse: options.refusesFirst === true };
  const call = (async (_route: unknown, input: { query: { sort?: string; cursor?: string; limit: number } }) => {
    state.asked += 1;
    if (state.refuse) {
      state.refuse = false;
      throw new AppError("too_many_requests", "slower", { retryAfterSeconds: 0.01, retryable: true });
    }
    const { sort, cursor = "0", limit } = input.query;
    const sorted =
      sort === "health" ? nodes.toSorted((a, b) => levels.indexOf(a.health) - levels.indexOf(b.health)) : nodes;
    const from = Number(cursor);
    const next = from + limit;
    return { items: sorted.slice(from, next), ...(next < sorted.length ? { cursor: String(next) } : {}) };
  }) as unknown as Caller;
  return { call, nodes, state };
}

describe("a fleet", () => {
  it("is read page by page, and shown as it comes", async () => {
    const { call, state } = apiOf(Array.from({ length: 1_001 }, () => "healthy"));
    const parts: number[] = [];
    const fleet = await loadFleet(call, undefined, { nowMs: () => 0, onPart: (dots) => parts.push(dots.length) });
    expect(fleet.dots).toHaveLength(1_001);
    expect(parts).toEqual([200, 400, 600, 800, 1_000, 1_001]);
    expect(state.asked).toBe(6);
  });

  it("that is large is read again by its unwell ones: one call", async () => {
    const api = apiOf(Array.from({ length: 10_000 }, (_, at) => (at % 100 === 0 ? "critical" : "healthy")));
    const before = await loadFleet(api.call, undefined, { nowMs: () => 0 });
    const first = api.nodes[0];
    const second = api.nodes[1];
    if (first === undefined || second === undefined) throw new Error("no nodes");
    first.health = "healthy";
    second.health = "warning";
    api.state.asked = 0;
    const after = await loadFleet(api.call, before, { nowMs: () => 1_000 });
    expect(api.state.asked).toBe(1);
    expect(after.dots.slice(0, 2).map(({ health }) => health)).toEqual(["healthy", "warning"]);
    api.state.asked = 0;
    await loadFleet(api.call, after, { nowMs: () => 200_000 });
    expect(api.state.asked).toBe(50);
  });

  it("is not given up because it asks for too much at once", async () => {
    const { call } = apiOf(["healthy", "offline"], { refusesFirst: true });
    expect((await loadFleet(call, undefined, { nowMs: () => 0 })).dots).toHaveLength(2);
  });
});
