import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@steward/contracts/client";
import { newId } from "@steward/contracts/ids";
import { readIdentity } from "@steward/node-client/identity";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startNodesDoor } from "../../node-client/test/support/nodes-door.ts";
import { enrolWorker, planFleet } from "../src/enrol-demo.ts";
import { readPlan, writePlan } from "../src/fleet/plan.ts";

let dir: string;
let door: Awaited<ReturnType<typeof startNodesDoor>>;
let invited: string[];
let confirmed: string[];
let confirming: () => void;
const clientOf = () => admin;
const admin = (async (name: string, input: { body: { name: string }; params: { nodeId: string } }) => {
  if (name === "inviteNode") {
    invited.push(input.body.name);
    return { nodeId: "x", token: `token-${invited.length}`, expiresAt: new Date(Date.now() + 60_000).toISOString() };
  }
  confirming();
  confirmed.push(input.params.nodeId);
}) as unknown as Client;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "steward-enrol-"));
  door = await startNodesDoor();
  [invited, confirmed, confirming] = [[], [], () => undefined];
  door.admits({ nodeId: newId("worker", 1), tenantId: newId("tenant", 1), kind: "worker", name: "worker-here" });
});
afterEach(async () => {
  await door.close();
  rmSync(dir, { recursive: true });
});

describe("the worker of this machine", () => {
  it("is enrolled with the token that it was invited with, also when the first answer was lost", async () => {
    door.loseReplies("enrol", 1);
    await expect(enrolWorker(clientOf, door.apiUrl, dir)).rejects.toThrow();
    await enrolWorker(clientOf, door.apiUrl, dir);
    expect(invited).toHaveLength(1);
    expect(new Set(door.callsOf("enrol").map(({ body }) => (body as { token: string }).token)).size).toBe(1);
    expect(confirmed).toHaveLength(1);
  });

  it("is confirmed at the next start, if the first was ended before that; and once is enough", async () => {
    confirming = () => {
      throw new Error("killed");
    };
    await expect(enrolWorker(clientOf, door.apiUrl, dir)).rejects.toThrow("killed");
    expect(await readIdentity(dir)).toBeDefined();
    confirming = () => undefined;
    await enrolWorker(clientOf, door.apiUrl, dir);
    await enrolWorker(clientOf, door.apiUrl, dir);
    expect(confirmed).toHaveLength(1);
    expect(invited).toHaveLength(1);
  });
});

describe("the demo fleet's plan", () => {
  it("keeps tokens for as long as they are good, and then invites again whoever is not enrolled", async () => {
    const wanted = [{ name: "acme-1", tenant: "acme", tags: [], doorbell: "pull" as const }];
    const tenants = [{ slug: "acme", id: "ten_1" }] as unknown as Parameters<typeof planFleet>[1];
    const plan = async () => {
      const made = await planFleet(clientOf, tenants, wanted as unknown as Parameters<typeof planFleet>[2], {
        file: join(dir, "plan.json"),
        apiUrl: door.apiUrl,
        cloudUrl: "http://127.0.0.1:1",
        serverCaFile: "ca.pem",
        directory: dir,
        executor: { kind: "simulate" },
      });
      return made.appliances.map(({ token }) => token);
    };
    expect(await plan()).toEqual(["token-1"]);
    expect(await plan()).toEqual(["token-1"]);
    const stored = readPlan(join(dir, "plan.json"));
    const expiresAt = new Date(Date.now() - 1).toISOString();
    writePlan(join(dir, "plan.json"), {
      ...stored,
      appliances: stored.appliances.map((one) => ({ ...one, expiresAt })),
    });
    expect(await plan()).toEqual(["token-2"]);
  });
});
