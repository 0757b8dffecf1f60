import { generateKeyPairSync, createHash, sign, type KeyObject } from "node:crypto";
import { type AuditEntry, hashOfEntry, viewOfEntry } from "@steward/contracts/audit";
import { canonical } from "@steward/contracts/canonical";
import { newId } from "@steward/contracts/ids";
import { contentOf, firstPrevious, hashOfSeal, proveTenant, type SealView } from "@steward/contracts/seal";
import { type SignedType, signingInput } from "@steward/contracts/signed";
import { describe, expect, test } from "vitest";
import { fingerprintOf, recall, remember } from "./audit-memory.ts";
import { recordPage, verbOf } from "./record-link.ts";
import { NotToBelieve, type TrailSource, verifyHere } from "./verify-here.ts";

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ format: "der", type: "spki" });
  return { privateKey, publicKey: der.toString("base64"), keyId: createHash("sha256").update(der).digest("hex") };
};
const root = pair();
const sealer = pair();
const tenantId = newId("tenant", 0);
const minute = 60_000;

function signed(type: SignedType, by: { privateKey: KeyObject; keyId: string }, value: unknown) {
  const payload = Buffer.from(canonical(value));
  const signature = sign("sha256", signingInput(type, by.keyId, payload), by.privateKey);
  return { type, keyId: by.keyId, payload: payload.toString("base64"), signature: signature.toString("base64") };
}

function trust(by = root, keys = [sealer]) {
  const listed = keys.map(({ keyId, publicKey }) => ({ keyId, publicKey }));
  return signed("steward-trust-v1", by, {
    v: 1,
    version: 1,
    issuedAtMs: 0,
    expiresAtMs: 1e12,
    keys: { dispatch: listed, approval: listed, release: listed, seal: listed },
  });
}

const entries = Array.from(
  { length: 6 },
  (_, index): AuditEntry => ({
    v: 1,
    tenantId,
    auditId: newId("audit", index * minute),
    atMs: index * minute,
    who: "per_1",
    what: "approve-plan",
    record: "tsk_1",
  }),
);

/** A seal for every two entries. */
function trail(by = sealer): SealView[] {
  let previous = firstPrevious;
  return [0, 1, 2].map((index) => {
    const own = entries.slice(index * 2, index * 2 + 2);
    const leaf = { tenantId, entries: own.map((entry): [string, string] => [entry.auditId, hashOfEntry(entry)]) };
    const { leaves, content } = contentOf([leaf]);
    const payload = { v: 1 as const, sequence: index + 1, previous, ...content, sealedAtMs: (index * 2 + 2) * minute };
    previous = hashOfSeal(payload);
    return {
      sequence: index + 1,
      document: signed("steward-seal-v1", by, payload),
      proof: proveTenant(leaves, tenantId),
      versions: 1,
    };
  });
}

const now = () => 7 * minute;
const views = () => entries.map((entry, index) => viewOfEntry(entry, Math.floor(index / 2) + 1)).reverse();

async function* of<T>(...pages: T[]): AsyncGenerator<T> {
  yield* pages;
}

function source(change: { seals?: SealView[]; entries?: ReturnType<typeof views>; more?: Partial<TrailSource> } = {}) {
  return {
    tenantId,
    seals: of({ items: change.seals ?? trail(), trust: trust(), rootPublicKey: root.publicKey }),
    entries: of(change.entries ?? views()),
    ...change.more,
  };
}

const kinds = async (given: TrailSource) => {
  const { report } = await verifyHere(given, now, () => undefined);
  return report.findings.map(({ kind }) => kind);
};

describe("a trail that is verified in the browser", () => {
  test("is whole when it is, and says what to remember", async () => {
    const seen: { seals: number; entries: number }[] = [];
    const { report, ...trusted } = await verifyHere(source(), now, (done) => seen.push(done));
    expect(report).toMatchObject({ ok: true, findings: [], seals: 3, sealed: 6, waiting: 0 });
    expect(trusted).toEqual({ root: root.keyId, trustVersion: 1 });
    expect(seen.at(-1)).toEqual({ seals: 3, entries: 6 });
  });

  test("shows an entry that was edited, taken out, or put in", async () => {
    const edited = views().map((view, index) => (index === 2 ? { ...view, who: "per_2" } : view));
    expect(await kinds(source({ entries: edited }))).toEqual(["edited"]);
    expect(await kinds(source({ entries: views().slice(1) }))).toEqual(["missing"]);
    const extra = viewOfEntry({ ...(entries[0] as AuditEntry), auditId: newId("audit", 5) }, 1);
    expect(await kinds(source({ entries: [...views(), extra] }))).toEqual(["unsealed"]);
  });

  test("shows a seal by a key that the root does not vouch for, and a past that is not the one that was known", async () => {
    expect(await kinds(source({ seals: trail(pair()) }))).toContain("forged");
    const known = { sequence: 3, hash: "f".repeat(64) };
    expect(await kinds(source({ more: { known } }))).toEqual(["cut"]);
    expect(await kinds(source({ seals: trail().slice(0, 2), entries: views().slice(2), more: { known } }))).toContain(
      "cut",
    );
  });

  test("is not even looked at when the root is another one, or did not sign the keys", async () => {
    await expect(verifyHere(source({ more: { root: "a".repeat(64) } }), now, () => undefined)).rejects.toThrow(
      /another root/,
    );
    const forged = of({ items: trail(), trust: trust(pair()), rootPublicKey: root.publicKey });
    await expect(verifyHere(source({ more: { seals: forged } }), now, () => undefined)).rejects.toThrow(NotToBelieve);
    await expect(verifyHere(source({ more: { seals: of() } }), now, () => undefined)).rejects.toThrow(/not one seal/);
  });
});

describe("what the page remembers and links", () => {
  test("a memory that cannot be read is not taken for none", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    expect(recall(storage)).toEqual({ seals: {} });
    const memory = {
      root: "a".repeat(64),
      trustVersion: 2,
      seals: { [tenantId]: { sequence: 3, hash: "b".repeat(64) } },
    };
    remember(storage, memory);
    expect(recall(storage)).toEqual(memory);
    for (const key of kept.keys()) kept.set(key, "{");
    expect(recall(storage)).toBeUndefined();
  });

  test("fingerprints in the shapes that people paste", () => {
    expect(fingerprintOf(` SHA256:${"AB:".repeat(31)}AB\n`)).toBe("ab".repeat(32));
    expect(fingerprintOf("ab")).toBeUndefined();
  });

  test("records lead to their pages, others nowhere", () => {
    expect(recordPage("tsk_01abc")).toEqual({ to: "/tasks/$taskId", params: { taskId: "tsk_01abc" } });
    expect(recordPage("tsk_01abc run_01x")?.to).toBe("/tasks/$taskId");
    expect(recordPage("POST /api/v1/tasks")).toBeUndefined();
    expect(recordPage("javascript:alert(1)")).toBeUndefined();
    expect(verbOf("denied-forbidden")).toEqual({ text: "refused: forbidden", wasRefused: true });
    expect(verbOf("approve-plan").text).toBe("approve plan");
  });
});
