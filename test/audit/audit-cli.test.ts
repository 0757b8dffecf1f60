import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DeleteCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { getEntries, listAudit } from "@steward/aws/records/audit";
import { sha256Hex } from "@steward/contracts/canonical";
import { entryOfView } from "@steward/contracts/audit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRootKey } from "../../packages/local/src/root-key.ts";
import { writeProfiles } from "../../packages/local/src/cli-profiles.ts";
import { type Installation, startInstallation } from "../support/installation.ts";

/* A tenant's admin, and the provider's, with the command and the API of a whole installation. */

const run = promisify(execFile);
const steward = new URL("../../packages/cli/bin/steward.js", import.meta.url).pathname;

let installation: Installation;
let folder = "";
let root = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "steward-audit-"));
  installation = await startInstallation({ appliances: 2, sealSeconds: 1 });
  const { stack } = installation;
  root = openRootKey(join(stack.stateDir, "root-key.pem"))?.keyId ?? "";
  await writeProfiles(join(folder, "profiles.json"), {
    acme: stack.profileOf("acme"),
    provider: stack.profileOf("provider"),
  });
});
afterAll(async () => {
  await installation.close();
  rmSync(folder, { recursive: true, force: true });
});

async function audit(
  profile: string,
  ...args: string[]
): Promise<{ code: number; json: Record<string, unknown>; text: string }> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, STEWARD_CONFIG_DIR: folder };
  const outcome = await run(process.execPath, [steward, "--json", "--profile", profile, "audit", ...args], {
    env,
    maxBuffer: 64 * 1024 * 1024,
  }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: Number(error.code),
      text: `${error.stdout ?? ""}${error.stderr ?? ""}`,
    }),
  );
  const first = outcome.text.split("\n")[0] ?? "";
  const json = first.startsWith("{") ? (JSON.parse(first) as Record<string, unknown>) : {};
  return { ...outcome, json };
}

/** Until all that has happened is sealed: then nothing of the tenant waits. */
async function untilSealed(slug: string): Promise<void> {
  const waiting = async () => {
    const { items } = await installation.as(slug)("listAudit", { query: { limit: 200 } });
    return items.filter(({ seal, count }) => seal === undefined && count === undefined);
  };
  await expect.poll(waiting, { timeout: 30_000 }).toEqual([]);
}

describe("a tenant's admin", () => {
  it("sees who did what, and finds it again by who, what, record and time", async () => {
    const acme = installation.as("acme");
    const before = new Date();
    const freeze = await acme("createFreeze", {
      body: { scope: "tenant", reason: "moving", until: new Date(Date.now() + 60_000).toISOString() },
    });
    await acme("endFreeze", { params: { freezeId: freeze.id } });
    const { items } = await acme("listAudit", { query: { record: freeze.id } });
    expect(items.map(({ what }) => what)).toEqual(["end-freeze", "create-freeze"]);
    const [, made = expect.fail()] = items;
    expect(made).toMatchObject({ tenantId: installation.tenantId("acme"), requestId: expect.any(String) });
    const query = { who: made.who, what: "create-freeze", from: before.toISOString() };
    expect((await acme("listAudit", { query })).items).toEqual([expect.objectContaining({ id: made.id })]);
    expect((await acme("listAudit", { query: { ...query, to: before.toISOString() } })).items).toEqual([]);
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await acme("listAudit", { query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) } });
      paged.push(...page.items.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(paged).toEqual((await acme("listAudit", { query: { limit: 200 } })).items.map(({ id }) => id));
    expect(new Set(paged).size).toBe(paged.length);
  });

  it("is not shown what is sealed of others", async () => {
    const refused = installation.as("acme")("listSeals", { query: { show: "whole" } });
    await expect(refused).rejects.toMatchObject({ code: "forbidden" });
  });

  it("verifies the trail against the root, and remembers what it saw", async () => {
    await untilSealed("acme");
    const verified = await audit("acme", "verify", "--root", root);
    expect(verified).toMatchObject({ code: 0, json: { ok: true, findings: [], warnings: [], rootWasKnown: true } });
    expect(Number(verified.json["sealed"])).toBeGreaterThan(2);
    const memory = JSON.parse(readFileSync(join(folder, "audit.json"), "utf8")) as Record<string, { root: string }>;
    expect(Object.values(memory)).toMatchObject([
      { root, seals: { [installation.tenantId("acme")]: { hash: expect.any(String) } } },
    ]);
    const quick = await audit("acme", "verify", "--quick");
    expect(quick).toMatchObject({ code: 0, json: { ok: true, rootWasKnown: true } });
    expect(Number(quick.json["seals"])).toBeLessThan(Number(verified.json["seals"]) + 10);
  });

  it("does not believe another root", async () => {
    const other = await audit("acme", "verify", "--root", sha256Hex("another"));
    expect(other.code).toBe(1);
    expect(other.text).toContain("another root key");
  });

  it("verifies offline what it has exported, and finds a change in either file", async () => {
    await untilSealed("acme");
    const [entries, seals] = [join(folder, "entries.ndjson"), join(folder, "seals.ndjson")];
    expect((await audit("acme", "export", "--output", entries)).code).toBe(0);
    expect((await audit("acme", "seals", "--output", seals)).code).toBe(0);
    const files = (of: { entries?: string; seals?: string } = {}) =>
      audit("acme", "verify", "--root", root, "--entries", of.entries ?? entries, "--seals", of.seals ?? seals);
    expect(await files()).toMatchObject({ code: 0, json: { ok: true } });
    const text = readFileSync(entries, "utf8");
    const edited = join(folder, "edited.ndjson");
    writeFileSync(edited, text.replace(/"what":"[^"]+"/, '"what":"nothing"'));
    const found = await files({ entries: edited });
    expect(found).toMatchObject({ code: 1, json: { ok: false, findings: [{ kind: "edited" }] } });
    const lines = readFileSync(seals, "utf8").split("\n");
    const cut = join(folder, "cut.ndjson");
    writeFileSync(cut, lines.toSpliced(2, 1).join("\n"));
    expect(JSON.stringify((await files({ seals: cut })).json["findings"])).toContain('"gap"');
  });
});

describe("a denial", () => {
  it("is in the trail of whose grants were too small, as one entry a minute", async () => {
    const acme = installation.as("acme");
    const startMs = Date.now();
    // Foreign: a tenant that is somebody else's.
    const foreign = installation.as("acme", installation.tenantId("provider"));
    for (let times = 0; times < 5; times++) {
      await expect(foreign("listNodes", {})).rejects.toMatchObject({ code: "not_found" });
      await expect(acme("createTenant", { body: { name: "Mine" } })).rejects.toMatchObject({ code: "forbidden" });
    }
    const query = { from: new Date(startMs - 60_000).toISOString(), limit: 200 };
    const denials = async () =>
      (await acme("listAudit", { query })).items.filter(({ what }) => what.startsWith("denied-"));
    for (const [what, record] of [
      ["denied-not-found", "listNodes"],
      ["denied-forbidden", "createTenant"],
    ] as const) {
      const counts = async () =>
        (await denials()).filter((one) => one.what === what && one.record === record).map(({ count }) => count ?? 0);
      // Whoever is refused does not wait for long until it is written down.
      await expect
        .poll(async () => (await counts()).reduce((sum, count) => sum + count, 0), { timeout: 20_000 })
        .toBe(5);
      // Two minutes at most.
      expect((await counts()).length).toBeLessThanOrEqual(2);
    }
    expect(new Set((await denials()).map(({ who }) => who)).size).toBe(1);
    const theirs = await installation.as("provider")("listAudit", { query });
    expect(theirs.items.filter(({ what }) => what.startsWith("denied-"))).toEqual([]);
  });
});

describe("the provider's admin", () => {
  it("verifies every tenant's trail; what is cut from one is found, and named", async () => {
    await untilSealed("acme");
    const whole = await audit("provider", "verify", "--whole", "--root", root);
    expect(whole).toMatchObject({ code: 0, json: { ok: true, findings: [] } });

    const tenantId = installation.tenantId("acme");
    const { items } = await listAudit(installation.table, tenantId, { limit: 100 });
    const victim = items.find(({ seal }) => seal !== undefined) ?? expect.fail();
    const { client, name: TableName } = installation.table;
    const key = { pk: `T#${tenantId}#AUDIT`, sk: victim.entry.auditId };
    await client.send(new DeleteCommand({ TableName, Key: key }));
    const cut = await audit("provider", "verify", "--whole");
    expect(cut).toMatchObject({ code: 1, json: { ok: false, findings: [{ kind: "missing", auditId: key.sk }] } });
    const theirs = await audit("acme", "verify");
    expect(theirs).toMatchObject({ code: 1, json: { findings: [{ kind: "missing", auditId: key.sk }] } });
    // As it was: whole again.
    await client.send(new PutCommand({ TableName, Item: { ...key, ...victim.entry, seal: victim.seal } }));
    expect(await getEntries(installation.table, [{ tenantId, auditId: key.sk }])).toHaveLength(1);
    expect((await audit("acme", "verify")).code).toBe(0);
    const listed = await installation.as("acme")("listAudit", { query: { limit: 200 } });
    expect(listed.items.map(entryOfView)).toContainEqual(victim.entry);
  });
});
