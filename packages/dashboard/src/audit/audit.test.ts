import { type AuditEntry, hashOfEntry, viewOfEntry } from "@steward/contracts/audit";
import { canonical } from "@steward/contracts/canonical";
import { newId } from "@steward/contracts/ids";
import { contentOf, firstPrevious, hashOfSeal, proveTenant, type SealView } from "@steward/contracts/seal";
import { type SignedType, signingInput } from "@steward/contracts/signed";
import { describe, expect, test } from "vitest";
import { fingerprintOf, recall, remember } from "./audit-memory.ts";
import { recordPage, verbOf } from "./record-link.ts";
import { base64Of, type TestPair, testPair } from "./signing-for-tests.ts";
import { NotToBelieve, type TrailSource, verifyHere } from "./verify-here.ts";

const root = await testPair();
const sealer = await testPair();
const tenantId = newId("tenant", 0);
const minute = 60_000;

async function signed(type: SignedType, by: TestPair, value: unknown) {
  const payload = new TextEncoder().encode(canonical(value));
  const signature = base64Of(await by.sign(signingInput(type, by.keyId, payload)));
  return { type, keyId: by.keyId, payload: base64Of(payload), signature };
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
async function trail(by = sealer): Promise<SealView[]> {
  let previous = firstPrevious;
  const views: SealView[] = [];
  for (const index of [0, 1, 2]) {
    const own = entries.slice(index * 2, index * 2 + 2);
    const leaf = { tenantId, entries: own.map((entry): [string, string] => [entry.auditId, hashOfEntry(entry)]) };
    const { leaves, content } = contentOf([leaf]);
    const payload = { v: 1 as const, sequence: index + 1, previous, ...content, sealedAtMs: (index * 2 + 2) * minute };
    previous = hashOfSeal(payload);
    views.push({
      sequence: index + 1,
      document: await signed("steward-seal-v1", by, payload),
      proof: proveTenant(leaves, tenantId),
      versions: 1,
    });
  }
  return views;
}

const now = () => 7 * minute;
const views = () => entries.map((entry, index) => viewOfEntry(entry, Math.floor(index / 2) + 1)).reverse();

async function* of<T>(...pages: T[]): AsyncGenerator<T> {
  yield* pages;
}

async function source(
  change: { seals?: SealView[]; entries?: ReturnType<typeof views>; more?: Partial<TrailSource> } = {},
): Promise<TrailSource> {
  return {
    tenantId,
    seals: of({ items: change.seals ?? (await trail()), trust: await trust(), rootPublicKey: root.publicKey }),
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
    const { report, ...trusted } = await verifyHere(await source(), now, (done) => seen.push(done));
    expect(report).toMatchObject({ ok: true, findings: [], seals: 3, sealed: 6, waiting: 0 });
    expect(trusted).toEqual({ root: root.keyId, trustVersion: 1 });
    expect(seen.at(-1)).toEqual({ seals: 3, entries: 6 });
  });

  test("shows an entry that was edited, taken out, or put in", async () => {
    const edited = views().map((view, index) => (index === 2 ? { ...view, who: "per_2" } : view));
    expect(await kinds(await source({ entries: edited }))).toEqual(["edited"]);
    expect(await kinds(await source({ entries: views().slice(1) }))).toEqual(["missing"]);
    const extra = viewOfEntry({ ...(entries[0] as AuditEntry), auditId: newId("audit", 5) }, 1);
    expect(await kinds(await source({ entries: [...views(), extra] }))).toEqual(["unsealed"]);
  });

  test("shows a seal by a key that the root does not vouch for, and a past that is not the one that was known", async () => {
    expect(await kinds(await source({ seals: await trail(await testPair()) }))).toContain("forged");
    const known = { sequence: 3, hash: "f".repeat(64) };
    expect(await kinds(await source({ more: { known } }))).toEqual(["cut"]);
    expect(
      await kinds(await source({ seals: (await trail()).slice(0, 2), entries: views().slice(2), more: { known } })),
    ).toContain("cut");
  });

  test("is not even looked at when the root is another one, or did not sign the keys", async () => {
    await expect(verifyHere(await source({ more: { root: "a".repeat(64) } }), now, () => undefined)).rejects.toThrow(
      /another root/,
    );
    const forged = of({ items: await trail(), trust: await trust(await testPair()), rootPublicKey: root.publicKey });
    await expect(verifyHere(await source({ more: { seals: forged } }), now, () => undefined)).rejects.toThrow(
      NotToBelieve,
    );
    await expect(verifyHere(await source({ more: { seals: of() } }), now, () => undefined)).rejects.toThrow(
      /not one seal/,
    );
    await expect(verifyHere(await source({ seals: [] }), now, () => undefined)).rejects.toThrow(/not one seal/);
    const known = { sequence: 3, hash: "f".repeat(64) };
    expect(await kinds(await source({ seals: [], entries: [], more: { known } }))).toEqual(["cut"]);
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
