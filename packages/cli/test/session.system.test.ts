import { readFile, stat, writeFile } from "node:fs/promises";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { profilesFileSchema } from "@steward/contracts/profile";
import { afterEach, expect, test } from "vitest";
import { updateProfiles } from "../src/profiles.ts";
import { nowMs, sessionOf, taskOf, tenantId } from "./fixtures.ts";
import { configFolder, steward } from "./run-steward.ts";
import { startScriptedApi } from "./scripted-api.ts";

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});
const acme = { id: tenantId, name: "Acme", createdAt: new Date(nowMs).toISOString(), status: "active" as const };

test("login keeps the session in a file that only its owner reads; the tenant is chosen where there is one", async () => {
  const api = await startScriptedApi({
    createSession: () => sessionOf("access-1", "refresh-1"),
    listTenants: () => ({ items: [acme] }),
  });
  const config = await configFolder();
  cleanUps.push(api.close, config.remove);
  const ended = await steward(["login", `${api.url}/#login=${"t".repeat(32)}`], { config: config.folder });
  expect(ended.stderr).toBe("");
  expect(ended.stdout).toContain(`Signed in as Anna at ${api.url} (profile local)`);
  expect(api.calls[0]?.body).toEqual({ bootstrapToken: "t".repeat(32) });
  expect((await stat(config.file)).mode & 0o777).toBe(0o600);
  expect(profilesFileSchema.parse(JSON.parse(await readFile(config.file, "utf8")))).toMatchObject({
    current: "local",
    profiles: { local: { apiUrl: api.url, tenantId, refreshToken: "refresh-1", accessToken: "access-1" } },
  });
});

test("commands at once with an ended access token spend the refresh token once", async () => {
  let refreshes = 0;
  const api = await startScriptedApi({
    refreshSession: ({ body }) => {
      // A refresh token is good for one use: a second one would end the session.
      if ((body as { refreshToken: string }).refreshToken !== `refresh-${"0".repeat(20)}${refreshes}`)
        throw new AppError("unauthenticated", "used");
      refreshes += 1;
      return sessionOf(`access-${refreshes}`, `refresh-${"0".repeat(20)}${refreshes}`);
    },
    listTasks: () => ({ items: [taskOf()] }),
  });
  const config = await configFolder({ apiUrl: api.url, tenantId, refreshToken: `refresh-${"0".repeat(20)}0` });
  cleanUps.push(api.close, config.remove);
  const ended = await Promise.all(
    Array.from({ length: 5 }, () => steward(["tasks", "ls", "--json"], { config: config.folder })),
  );
  expect(ended.map((one) => one.code)).toEqual([0, 0, 0, 0, 0]);
  expect(refreshes).toBe(1);
});

test("an access token that the API refuses is renewed once; a refresh token that it refuses ends the sign-in", async () => {
  let good = true;
  const api = await startScriptedApi({
    refreshSession: () => {
      if (!good) throw new AppError("unauthenticated", "revoked");
      return sessionOf("new", "r".repeat(24));
    },
    listTasks: ({ headers }) => {
      if (headers["authorization"] !== "Bearer new") throw new AppError("unauthenticated", "signed with another key");
      return { items: [] };
    },
  });
  const old = sessionOf("old", "r".repeat(24));
  const profile = {
    apiUrl: api.url,
    tenantId,
    refreshToken: old.refreshToken,
    accessToken: old.accessToken,
    accessTokenExpiresAt: old.accessTokenExpiresAt,
  };
  const config = await configFolder(profile);
  cleanUps.push(api.close, config.remove);
  expect((await steward(["tasks", "ls"], { config: config.folder })).code).toBe(0);
  good = false;
  await writeFile(config.file, JSON.stringify({ current: "local", profiles: { local: profile } }));
  const ended = await steward(["tasks", "ls"], { config: config.folder });
  expect(ended.stderr).toContain("The sign-in of the profile local is over");
  expect(ended.code).toBe(3);
});

test("changes of the file at once are all kept, also past a lock that was left behind", async () => {
  const config = await configFolder({ apiUrl: "http://127.0.0.1:1", refreshToken: "r" });
  cleanUps.push(config.remove);
  await writeFile(`${config.file}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, atMs: Date.now(), id: "left behind" }));
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      updateProfiles(config.file, (now) => ({
        current: "local",
        profiles: { ...now?.profiles, [`p${index}`]: { apiUrl: "http://127.0.0.1:1", refreshToken: "r" } },
      })),
    ),
  );
  const file = profilesFileSchema.parse(JSON.parse(await readFile(config.file, "utf8")));
  expect(Object.keys(file.profiles)).toHaveLength(21);
});

test("a tenant may be given by name; without one, the API's question is passed on", async () => {
  const other = { ...acme, id: newId("tenant", nowMs), name: "Globex" };
  const api = await startScriptedApi({
    listTenants: () => ({ items: [acme, other] }),
    listTasks: ({ headers }) => {
      if (headers["steward-tenant"] === undefined) throw new AppError("tenant_required", "Say which tenant is meant");
      return { items: [] };
    },
  });
  const session = sessionOf("a", "r".repeat(24));
  const config = await configFolder({
    apiUrl: api.url,
    refreshToken: session.refreshToken,
    accessToken: session.accessToken,
    accessTokenExpiresAt: session.accessTokenExpiresAt,
  });
  cleanUps.push(api.close, config.remove);
  expect((await steward(["tasks", "ls", "--tenant", "globex"], { config: config.folder })).code).toBe(0);
  expect(api.calls.at(-1)?.headers["steward-tenant"]).toBe(other.id);
  const without = await steward(["tasks", "ls"], { config: config.folder });
  expect(without.stderr).toContain("--tenant");
  expect(without.code).toBe(2);
  const wrong = await steward(["tasks", "ls", "--tenant", "nobody"], { config: config.folder });
  expect(wrong.stderr).toContain("You may see: Acme, Globex");
  expect(wrong.code).toBe(2);
});

test("nothing there: an error that says how to start it (exit code 3)", async () => {
  const session = sessionOf("a", "r".repeat(24));
  const config = await configFolder({
    apiUrl: "http://127.0.0.1:9",
    tenantId,
    refreshToken: session.refreshToken,
    accessToken: session.accessToken,
    accessTokenExpiresAt: session.accessTokenExpiresAt,
  });
  cleanUps.push(config.remove);
  const ended = await steward(["status"], { config: config.folder });
  expect(ended.stderr).toContain("Is Steward running? Start it with: npm start");
  expect(ended.code).toBe(3);
});

test("nobody signed in, and a command that is not one", async () => {
  const config = await configFolder();
  cleanUps.push(config.remove);
  const out = await steward(["status"], { config: config.folder });
  expect(out.stderr).toContain("You are not signed in");
  expect(out.code).toBe(3);
  expect((await steward(["stats"], { config: config.folder })).code).toBe(2);
  expect((await steward(["ask", "add user john"], { config: config.folder })).code).toBe(2);
});
