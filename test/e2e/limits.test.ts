import type { LimitsView } from "@steward/contracts/limits";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Installation, startInstallation } from "../support/installation.ts";

let home: Installation;
beforeAll(async () => {
  home = await startInstallation({
    appliances: 2,
    functionEnv: { STEWARD_RATE_LIMITS: "principal=1/30,tenant=1/40,source=1/6" },
  });
});
afterAll(() => home.close());

const get = (path: string, slug: string, headers: Record<string, string> = {}) =>
  home.raw(path, { headers: { ...home.stack.headersOf(slug), ...headers } });

test("every answer to a signed-in caller tells what is left, also one that refuses", async () => {
  const good = await get("/api/v1/tasks", "acme");
  const bad = await get("/api/v1/tasks?limit=201", "acme");
  expect([good.status, bad.status]).toEqual([200, 400]);
  for (const { headers } of [good, bad]) {
    expect(headers.get("ratelimit-policy")).toBe('"principal";q=30;w=30, "tenant";q=40;w=40');
    expect(headers.get("ratelimit")).toMatch(/^"principal";r=\d+;t=\d+, "tenant";r=\d+;t=\d+$/);
    expect(headers.get("ratelimit-limit")).toBe("30");
  }
  const [before, after] = [good, bad].map(({ headers }) => Number(headers.get("ratelimit-remaining")));
  expect(after).toBeLessThanOrEqual(before ?? 0);
});

test("quotas are there to be read, with what is used of them", async () => {
  const view = (await get("/api/v1/limits", "acme")).body as LimitsView;
  expect(view.quotas.find(({ quota }) => quota === "appliances")).toMatchObject({
    limit: 1_000,
    used: expect.any(Number),
  });
  expect(view.rates).toEqual([
    { name: "principal", perSecond: 1, burst: 30 },
    { name: "tenant", perSecond: 1, burst: 40 },
  ]);
});

describe("?wait", () => {
  test("two calls of a person wait at one time; one more is answered at once, and has a place when one of them ends", async () => {
    const call = home.as("acme");
    const { items } = await call("listNodes", { query: { kind: "appliance" } });
    const task = await call("submitTask", {
      body: {
        steps: [{ action: "users.add", variables: { username: "waits", groups: ["sudo"] } }],
        targets: [items[0]?.name ?? ""],
      },
    });
    expect(task.status).toBe("awaiting_approval");
    const ended: number[] = [];
    const wait = async (index: number) => {
      await call("getTask", { params: { taskId: task.id }, query: { wait: 10, since: task.version } });
      ended.push(index);
      return performance.now();
    };
    const startedMs = performance.now();
    const times = await Promise.all([0, 1, 2, 3].map(wait));
    expect(times.filter((atMs) => atMs - startedMs >= 9_900)).toHaveLength(2);
    // Those that waited have given their places back.
    const nextMs = performance.now();
    await wait(4);
    expect(performance.now() - nextMs).toBeGreaterThan(9_900);
  });
});

test("a flood is refused with the time to come back, and another tenant's people notice nothing", async () => {
  const startedMs = performance.now();
  const answers: Awaited<ReturnType<typeof get>>[] = [];
  for (let round = 0; round < 20 && answers.every(({ status }) => status === 200); round++) {
    answers.push(...(await Promise.all(Array.from({ length: 10 }, () => get("/api/v1/tasks", "acme")))));
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(answers.length - refused.length).toBeLessThanOrEqual(30 + seconds + 1);
  for (const { headers, body } of refused) {
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect(headers.get("ratelimit-remaining")).toBe("0");
    expect(body).toMatchObject({ code: "too_many_requests", next: expect.any(String) });
  }
  const [, other] = home.stack.tenants;
  if (other !== undefined) expect((await get("/api/v1/tasks", other.slug)).status).toBe(200);
});

test("proofs cannot be tried out in a hurry", async () => {
  const tryOut = () =>
    home.raw("/api/v1/sessions/refresh", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ refreshToken: "x".repeat(40) }),
    });
  const startedMs = performance.now();
  const answers = await Promise.all(Array.from({ length: 20 }, tryOut));
  const seconds = (performance.now() - startedMs) / 1_000;
  const counts = Map.groupBy(answers, ({ status }) => status);
  expect(new Set(counts.keys())).toEqual(new Set([401, 429]));
  expect(counts.get(401)?.length).toBeLessThanOrEqual(6 + seconds + 1);
});
