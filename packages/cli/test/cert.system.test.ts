import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { CertificateView } from "@steward/contracts/certificate";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { NodeView } from "@steward/contracts/node";
import { afterEach, expect, test } from "vitest";
import { createTestCa } from "../../node-client/test/support/test-ca.ts";
import { bert, nowMs, tenantId } from "./fixtures.ts";
import { configFolder, steward } from "./run-steward.ts";
import { type Script, startScriptedApi } from "./scripted-api.ts";

const run = promisify(execFile);
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});
const iso = (ms: number) => new Date(ms).toISOString();
const certificateId = newId("certificate", nowMs);
const certificateOf = (change: Partial<CertificateView> = {}): CertificateView => ({
  id: newId("certificate", nowMs),
  kind: "node",
  tenantId,
  holder: bert.id,
  holderName: bert.name,
  status: "valid",
  fingerprint: "a".repeat(64),
  keyFingerprint: "b".repeat(64),
  serial: "00",
  issuedAt: iso(nowMs),
  expiresAt: iso(Date.now() + 20 * 86_400_000),
  ...change,
});
const node: NodeView = {
  ...bert,
  tenantId,
  kind: "appliance",
  tags: [],
  doorbell: "pull",
  health: "healthy",
  confirmed: true,
};

async function signedIn(script: Script) {
  const api = await startScriptedApi(script);
  const config = await configFolder({
    apiUrl: api.url,
    tenantId,
    refreshToken: "r".repeat(32),
    accessToken: "access",
    accessTokenExpiresAt: iso(Date.now() + 3_600_000),
  });
  cleanUps.push(api.close, config.remove);
  const passphrase = join(config.folder, "phrase");
  const out = join(config.folder, "ada.p12");
  await writeFile(passphrase, "correct horse battery\n");
  const cert = async (...args: string[]) => steward(args, { config: config.folder });
  return { api, config, out, passphrase, cert };
}
const issuing = async (): Promise<Script> => {
  const ca = await createTestCa();
  return {
    createCertificate: async ({ body }) => ({
      id: certificateId,
      certificate: await ca.certify((body as { csr: string }).csr),
      expiresAt: iso(nowMs + 86_400_000),
    }),
  };
};

test("issue writes a file that openssl reads with the passphrase and no other, modern ciphers inside, for its owner only", async () => {
  const { out, passphrase, cert } = await signedIn(await issuing());
  const ended = await cert("cert", "issue", "--user", "--out", out, "--passphrase-file", passphrase);
  expect([ended.code, ended.stderr]).toEqual([0, ""]);
  expect(ended.stdout).toContain("then open http://127.0.0.1");
  expect((await stat(out)).mode & 0o777).toBe(0o600);

  const openssl = async (...args: string[]) => run("openssl", ["pkcs12", "-in", out, ...args]);
  const info = await openssl("-info", "-noout", "-passin", `file:${passphrase}`);
  expect(info.stderr).toMatch(/MAC: sha256, Iteration 100000/);
  expect(info.stderr.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256/g)).toHaveLength(2);
  expect(info.stderr).not.toMatch(/RC2|3DES|TripleDES|SHA1/i);
  const { stdout } = await openssl("-nodes", "-passin", `file:${passphrase}`);
  const [, key = ""] = /(-----BEGIN PRIVATE KEY-----[^]+-----END PRIVATE KEY-----)/.exec(stdout) ?? [];
  const certificates = stdout.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g) ?? [];
  expect(certificates).toHaveLength(2);
  const { createPrivateKey } = await import("node:crypto");
  expect(new X509Certificate(certificates[0] ?? "").checkPrivateKey(createPrivateKey(key))).toBe(true);
  await expect(openssl("-noout", "-passin", "pass:wrong horse battery")).rejects.toThrow(
    /mac verify|invalid password/i,
  );
});

test("issue leaves nothing behind that is half made, replaces no file, and issues nothing for one it cannot write", async () => {
  const script = await issuing();
  const { api, config, out, passphrase, cert } = await signedIn(script);
  const issue = async () => cert("cert", "issue", "--user", "--out", out, "--passphrase-file", passphrase);
  await writeFile(out, "mine");
  const taken = await issue();
  expect([taken.code, taken.stderr]).toEqual([2, expect.stringContaining("is there already")]);
  expect(await readFile(out, "utf8")).toBe("mine");
  expect(api.calls).toEqual([]);
  script.createCertificate = () => {
    throw new AppError("quota_exceeded", "you have 10 certificates, one for each browser");
  };
  const other = join(config.folder, "other.p12");
  const refused = await cert("cert", "issue", "--user", "--out", other, "--passphrase-file", passphrase);
  expect(refused.code).not.toBe(0);
  expect(await readdir(config.folder)).not.toContain("other.p12");
  await writeFile(passphrase, "short");
  expect((await cert("cert", "issue", "--user", "--out", other, "--passphrase-file", passphrase)).stderr).toContain(
    "12",
  );
  expect((await cert("cert", "issue")).stderr).toContain("--user");
});

test("ls shows whose and until when; --expiring only machines whose newest certificate is nearly over", async () => {
  const soon = certificateOf({ holder: newId("appliance", 1), holderName: "late", expiresAt: iso(Date.now() + 1000) });
  const items = [
    certificateOf(),
    // Of the same machine, and renewed since.
    certificateOf({ expiresAt: iso(Date.now() + 2000) }),
    soon,
  ];
  const { api, cert } = await signedIn({ listCertificates: () => ({ items }) });
  const all = await cert("cert", "ls");
  expect(all.stdout).toMatch(/KIND\s+HOLDER\s+STATUS\s+ENDS\s+ID/);
  expect(all.stdout).toContain("late");
  const expiring = await cert("cert", "ls", "--expiring", "--json");
  expect(JSON.parse(expiring.stdout)).toEqual({ items: [soon], more: false });
  expect(api.calls.at(-1)?.query).toMatchObject({ kind: "node", status: "valid" });
});

test("revoke takes a person's; a machine's leads to the machine", async () => {
  const views = new Map([
    [certificateId, certificateOf({ id: certificateId, kind: "user", holderName: "Ada" })],
    [newId("certificate", 1), certificateOf()],
  ]);
  const { api, cert } = await signedIn({
    getCertificate: ({ params }) => views.get(params["certificateId"] ?? ""),
    revokeCertificate: () => undefined,
  });
  expect((await cert("cert", "revoke", certificateId)).code).toBe(2);
  expect((await cert("cert", "revoke", certificateId, "--yes")).stdout).toContain("Ada is revoked");
  const machine = await cert("cert", "revoke", [...views.keys()][1] ?? "", "--yes");
  expect(machine.stderr).toContain("steward appliances revoke bert");
  expect(api.calls.filter(({ name }) => name === "revokeCertificate")).toHaveLength(1);
});

test("appliances revoke says why, and show and ls say that it is out", async () => {
  const revoked: NodeView = { ...node, confirmed: false, revokedAt: iso(Date.now()), revokedReason: "stolen\u001b[2J" };
  const { api, cert } = await signedIn({
    listNodes: () => ({ items: [revoked] }),
    getNode: () => revoked,
    revokeNode: () => revoked,
  });
  const without = await cert("appliances", "revoke", "bert", "--yes");
  expect([without.code, api.calls]).toEqual([2, []]);
  const ended = await cert("appliances", "revoke", "bert", "--reason", "stolen", "--yes");
  expect(ended.stdout).toContain("bert is out");
  expect(api.calls.at(-1)).toMatchObject({
    name: "revokeNode",
    body: { reason: "stolen" },
    params: { nodeId: bert.id },
  });
  expect((await cert("appliances", "ls")).stdout).toContain("revoked");
  const shown = await cert("appliances", "show", "bert");
  expect(shown.stdout).toMatch(/revoked\s+just now|revoked\s+\d/);
  expect(shown.stdout).not.toContain("\u001b[2J");
});
