import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { tenantLimits } from "@steward/contracts/defaults";
import { newId } from "@steward/contracts/ids";
import type { TenantDetails } from "@steward/contracts/tenant";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { nowMs, sessionOf, tenantId } from "./fixtures.ts";
import { configFolder, steward } from "./run-steward.ts";
import { type ScriptedApi, startScriptedApi } from "./scripted-api.ts";

const jones: TenantDetails = {
  id: newId("tenant", nowMs),
  name: "Jones & Sons",
  createdAt: new Date(nowMs).toISOString(),
  status: "active",
  limits: { ...tenantLimits, appliances: 7 },
  ownLimits: ["appliances"],
};
const { limits: _limits, ownLimits: _own, ...listed } = jones;
const personId = newId("person", nowMs);

let api: ScriptedApi;
let config: Awaited<ReturnType<typeof configFolder>>;
let exported = 0;
beforeAll(async () => {
  api = await startScriptedApi({
    listTenants: () => ({ items: [{ ...listed, id: tenantId, name: "Provider" }, listed] }),
    getTenant: () => jones,
    createTenant: () => jones,
    renameTenant: () => jones,
    setTenantLimits: () => jones,
    suspendTenant: () => ({ ...jones, status: "suspended", suspendedReason: "unpaid \u001b[31msince May" }),
    resumeTenant: () => jones,
    deleteTenant: () => ({ ...jones, status: "deleting", deleteAfter: new Date(nowMs + 86_400_000).toISOString() }),
    restoreTenant: () => jones,
    invitePrincipal: ({ body }) => ({
      person: {
        id: personId,
        name: (body as { name: string }).name,
        status: "invited",
        grants: (body as { grants: [] }).grants,
        createdAt: jones.createdAt,
      },
      link: { token: "t".repeat(43), expiresAt: new Date(nowMs + 1_000).toISOString() },
    }),
    exportTenant: ({ query }) => {
      exported += 1;
      const page = query["cursor"] === undefined ? 1 : 2;
      return {
        items: [{ kind: "task", id: `tsk_${page}`, record: { page } }],
        ...(page === 1 ? { cursor: "next" } : {}),
      };
    },
  });
  const { refreshToken, accessToken, accessTokenExpiresAt } = sessionOf("a", "r".repeat(24));
  config = await configFolder({ apiUrl: api.url, tenantId, refreshToken, accessToken, accessTokenExpiresAt });
});
afterAll(async () => {
  await api.close();
  await config.remove();
});
beforeEach(() => {
  api.calls.length = 0;
});

const run = (args: string[], input?: string) =>
  steward(["tenant", ...args], { config: config.folder, ...(input === undefined ? {} : { input }) });
const callsOf = (name: string) => api.calls.filter((call) => call.name === name);

test("a tenant is shown with its limits, and by its name in any case", async () => {
  const { stdout, code } = await run(["show", "jones & sons"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Jones & Sons +active[\s\S]*appliances +7\n[\s\S]*tasksPerDay +2,000 +\(default\)/);
  expect(callsOf("getTenant")).toMatchObject([{ params: { tenantId: jones.id } }]);
});

test("its first admin is invited in the new tenant, and the link is shown", async () => {
  const { stdout, code } = await run(["create", "Jones", "&", "Sons", "--admin", "Ada", "--email", "ada@example.org"]);
  expect([code, stdout]).toEqual([0, expect.stringContaining(`${"t".repeat(43)}'`)]);
  expect(callsOf("createTenant")).toMatchObject([{ body: { name: "Jones & Sons" } }]);
  expect(callsOf("createTenant")[0]?.headers["idempotency-key"]).toBeDefined();
  expect(callsOf("invitePrincipal")).toMatchObject([
    {
      headers: { "steward-tenant": jones.id },
      body: { name: "Ada", email: "ada@example.org", grants: [{ tenant: jones.id, role: "admin" }] },
    },
  ]);
});

test("limits are changed one by one, the others stay; what is none is refused before anything is asked", async () => {
  expect((await run(["limits", jones.id, "tasksperday=5", "appliances=default"])).code).toBe(0);
  expect(callsOf("setTenantLimits")).toMatchObject([{ body: { appliances: null, tasksPerDay: 5 } }]);
  for (const wrong of ["elephants=5", "appliances=many", "appliances", "appliances="]) {
    api.calls.length = 0;
    expect([wrong, (await run(["limits", jones.id, wrong])).code]).toEqual([wrong, 2]);
    expect(api.calls).toEqual([]);
  }
});

test("whoever suspends or deletes types the name, or says --yes; anything else changes nothing", async () => {
  for (const [args, route] of [
    [["suspend", "jones & sons", "--reason", "unpaid"], "suspendTenant"],
    [["delete", "jones & sons", "--grace-days", "7"], "deleteTenant"],
  ] as const) {
    api.calls.length = 0;
    const refused = await run([...args], "yes\n");
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("Nothing was changed")]);
    expect((await run([...args])).code).toBe(2);
    expect(callsOf(route)).toEqual([]);
    expect((await run([...args], "Jones & Sons\n")).code).toBe(0);
    const { stdout } = await run([...args, "--yes"]);
    expect(stdout).not.toContain("\u001b");
    expect(callsOf(route)).toHaveLength(2);
  }
  expect(callsOf("deleteTenant")).toMatchObject([{ query: { graceDays: 7 } }, { query: { graceDays: 7 } }]);
  expect((await run(["delete", jones.id, "--grace-days", "91", "--yes"])).code).toBe(2);
});

test("a suspension and a deletion are taken back without a question", async () => {
  expect((await run(["resume", jones.id])).code).toBe(0);
  expect((await run(["restore", jones.id])).code).toBe(0);
  expect(api.calls.map(({ name }) => name)).toEqual(expect.arrayContaining(["resumeTenant", "restoreTenant"]));
});

test("an export is one record a line, over all pages, into a new file that only its owner reads", async () => {
  const lines = '{"kind":"task","id":"tsk_1","record":{"page":1}}\n{"kind":"task","id":"tsk_2","record":{"page":2}}\n';
  const piped = await run(["export", jones.id]);
  expect([piped.code, piped.stdout]).toEqual([0, lines]);
  const file = join(config.folder, "jones.ndjson");
  expect(await run(["export", jones.id, "--to", file])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("2 records"),
  });
  expect(await readFile(file, "utf8")).toBe(lines);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(exported).toBe(4);
  // Never over another file.
  const again = await run(["export", jones.id, "--to", file]);
  expect(again.code).toBe(1);
  expect(await readFile(file, "utf8")).toBe(lines);
});
