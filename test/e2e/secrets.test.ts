import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@steward/contracts/client";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Installation, problemOf, startInstallation } from "../support/installation.ts";

/** The installation's secrets through the front door, with every part in its own process and with its own rights. */
let installation: Installation;
let staff: Client;
beforeAll(async () => {
  installation = await startInstallation({ appliances: 9 });
  staff = installation.as("provider");
});
afterAll(() => installation.close());

const secret = async (name: string) => {
  const found = (await staff("listSecrets", {})).items.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

it("what is listed says how old they are and when they change, and never what they are", async () => {
  const { items } = await staff("listSecrets", {});
  expect(items.map(({ name, madeBy, isSet }) => ({ name, madeBy, isSet }))).toEqual([
    { name: "anthropic", madeBy: "person", isSet: false },
    { name: "cursor-key", madeBy: "steward", isSet: true },
  ]);
  expect(Date.parse((await secret("cursor-key")).nextRotationAt ?? "")).toBeGreaterThan(Date.now() + 29 * 86_400_000);
});

it("a value goes in; the one before stays for one turn; the same call again is the same version", async () => {
  const params = { secretName: "anthropic" } as const;
  const first = await staff("setSecret", { params, body: { value: "sk-ant-one-0123456789" } });
  expect(first).toMatchObject({ isSet: true, versions: [{ state: "current" }] });
  const version = crypto.randomUUID();
  const body = { value: "  sk-ant-two-0123456789\n", version };
  const second = await staff("setSecret", { params, body });
  expect(second.versions.map(({ id, state }) => [id, state])).toEqual([
    [version, "current"],
    [first.versions[0]?.id, "previous"],
  ]);
  expect((await staff("setSecret", { params, body })).versions).toEqual(second.versions);
  const other = problemOf(staff("setSecret", { params, body: { value: "another", version } }));
  expect(await other).toMatchObject({ code: "idempotency_mismatch" });
  expect(JSON.stringify(await staff("listSecrets", {}))).not.toContain("sk-ant");
});

it("a page of a list goes on after the key of cursors was made anew", async () => {
  const acme = installation.as("acme");
  const nodes = () => acme("listNodes", { query: { limit: 1 } });
  const { cursor = "" } = await nodes();
  expect(cursor).not.toBe("");
  const goOn = () => acme("listNodes", { query: { limit: 1, cursor } });
  const rotate = async () => {
    const before = (await secret("cursor-key")).changedAt;
    // As the command line does: with a key of its own, and then the same call again.
    const call = { params: { secretName: "cursor-key" }, idempotencyKey: crypto.randomUUID() } as const;
    expect((await staff("rotateSecret", call)).name).toBe("cursor-key");
    expect((await staff("rotateSecret", call)).name).toBe("cursor-key");
    await vi.waitFor(async () => {
      const now = await secret("cursor-key");
      expect(now.changedAt).not.toBe(before);
      expect(now.versions.map(({ state }) => state)).toEqual(["current", "previous"]);
      // The cloud writes it down once the function has answered.
      expect(now.rotatedAt).toBeDefined();
    }, 20_000);
  };
  await rotate();
  expect((await goOn()).items).toHaveLength(1);
});

it("is the provider's staff's alone; what Steward makes is not given, what others make is not rotated", async () => {
  const acme = installation.as("acme");
  const params = { secretName: "anthropic" } as const;
  for (const call of [
    () => acme("listSecrets", {}),
    () => acme("setSecret", { params, body: { value: "x" } }),
    () => acme("rotateSecret", { params: { secretName: "cursor-key" } }),
  ])
    expect(await problemOf(call())).toMatchObject({ code: "forbidden" });
  expect(await problemOf(staff("rotateSecret", { params }))).toMatchObject({
    code: "unprocessable",
    next: expect.stringContaining("steward secrets set anthropic"),
  });
  expect(
    await problemOf(staff("setSecret", { params: { secretName: "cursor-key" }, body: { value: "x" } })),
  ).toMatchObject({ code: "unprocessable", next: expect.stringContaining("steward secrets rotate cursor-key") });
  const none = { secretName: "none" as "anthropic" };
  expect(await problemOf(staff("setSecret", { params: none, body: { value: "x" } }))).toMatchObject({
    code: "invalid_request",
    fields: [{ path: "secretName" }],
  });
  const long = problemOf(staff("setSecret", { params, body: { value: "x".repeat(5_000) } }));
  expect(await long).toMatchObject({ code: "invalid_request" });
});

it("no log has heard a value", () => {
  const logs = ["host", "cloud"].map((name) =>
    readFileSync(join(installation.stack.stateDir, "logs", `${name}.log`), "utf8"),
  );
  for (const log of logs) expect(log).not.toContain("0123456789");
});
