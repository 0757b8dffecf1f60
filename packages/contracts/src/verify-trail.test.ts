import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AuditEntry, entryOfView, hashOfEntry, viewOfEntry } from "./audit.ts";
import { canonical } from "./canonical.ts";
import { derivedId } from "./ids.ts";
import * as seals from "./seal.ts";
import { type SignedDocument, signingInput } from "./signed.ts";
import { createTrailVerifier, type KnownSeal, type TrailReport } from "./verify-trail.ts";

const minuteMs = 60_000;
const startMs = 1_800_000_000_000;
const tenantIds = Array.from({ length: 6 }, (_, index) => derivedId("tenant", startMs, `tenant ${index}`));

interface Key {
  keyId: string;
  publicKey: string;
  privateKey: KeyObject;
}

function newKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const der = publicKey.export({ format: "der", type: "spki" });
  return { keyId: createHash("sha256").update(der).digest("hex"), publicKey: der.toString("base64"), privateKey };
}
const trusted = newKey();
const other = newKey();

function signSeal(payload: seals.SealPayload, { keyId, privateKey }: Key = trusted): SignedDocument {
  const bytes = new TextEncoder().encode(canonical(payload));
  const signature = sign("sha256", signingInput("steward-seal-v1", keyId, bytes), privateKey);
  const base64 = (data: Uint8Array) => Buffer.from(data).toString("base64");
  return { type: "steward-seal-v1", keyId, payload: base64(bytes), signature: base64(signature) };
}

interface Trail {
  entries: AuditEntry[];
  chain: { payload: seals.SealPayload; document: SignedDocument; leaves: seals.SealLeaf[] }[];
}

/** Of a minute: how much earlier its entries say that they happened, and how much later its seal was made. */
type Odd = Record<number, { datedBackMs?: number; lateMs?: number }>;

/** `minutes[m]`: whose entries came in during minute m, as indexes of tenants. */
function trailOf(minutes: readonly (readonly number[])[], key: Key = trusted, odd: Odd = {}): Trail {
  const trail: Trail = { entries: [], chain: [] };
  let previous = seals.firstPrevious;
  minutes.forEach((owners, minute) => {
    const entries = owners.map((owner, index): AuditEntry => {
      const atMs = startMs + minute * minuteMs + index - (odd[minute]?.datedBackMs ?? 0);
      const auditId = derivedId("audit", atMs, `${minute} ${index}`);
      const tenantId = tenantIds[owner] ?? "";
      return { v: 1, tenantId, auditId, atMs, who: `per_${index}`, what: "submit-task", record: `tsk_${minute}` };
    });
    const { leaves, content } = seals.contentOf(leavesOf(entries));
    const payload = {
      v: 1 as const,
      sequence: minute + 1,
      previous,
      ...content,
      sealedAtMs: startMs + (minute + 1) * minuteMs + (odd[minute]?.lateMs ?? 0),
    };
    trail.entries.push(...entries);
    trail.chain.push({ payload, document: signSeal(payload, key), leaves });
    previous = seals.hashOfSeal(payload);
  });
  return trail;
}

function leavesOf(entries: readonly AuditEntry[]): seals.SealLeaf[] {
  const byTenant = Map.groupBy(entries, ({ tenantId }) => tenantId);
  return [...byTenant].map(([tenantId, own]) => ({
    tenantId,
    entries: own.map((entry) => [entry.auditId, hashOfEntry(entry)]),
  }));
}

type Chain = Trail["chain"];

function viewsOf(chain: Chain, tenantId: string | undefined): seals.SealView[] {
  return chain.map(({ payload, document, leaves }) => ({
    sequence: payload.sequence,
    document,
    versions: 1,
    proof: tenantId === undefined ? { kind: "whole", leaves } : seals.proveTenant(leaves, tenantId),
  }));
}

function judge(
  shown: { views: readonly seals.SealView[]; entries: readonly AuditEntry[]; saidToBeIn?: number },
  options: { tenantId?: string | undefined; nowMs: number; known?: KnownSeal; fromKnown?: boolean },
): TrailReport {
  const verifier = createTrailVerifier({
    tenantId: options.tenantId,
    keys: new Map([[trusted.keyId, trusted.publicKey]]),
    verifySignature: (publicKey, input, signature) =>
      verify(
        "sha256",
        input,
        createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" }),
        signature,
      ),
    ...(options.known === undefined ? {} : { known: options.known }),
    ...(options.fromKnown === undefined ? {} : { fromKnown: options.fromKnown }),
  });
  for (const view of shown.views) verifier.seal(view);
  for (const entry of shown.entries) verifier.entry(entry, shown.saidToBeIn);
  return verifier.finish(options.nowMs);
}

const afterAll = (trail: Trail) => startMs + trail.chain.length * minuteMs + 1_000;
const own = (trail: Trail, tenantId: string | undefined) =>
  trail.entries.filter((entry) => tenantId === undefined || entry.tenantId === tenantId);

const minutesArbitrary = fc.array(fc.array(fc.nat({ max: tenantIds.length - 1 }), { maxLength: 7 }), {
  minLength: 1,
  maxLength: 7,
});
/** Whose trail is looked at: one tenant's, or everybody's. */
const viewerArbitrary = fc.option(fc.constantFrom(...tenantIds), { nil: undefined });

describe("a trail as it was sealed", () => {
  it("is found to be right, by each of its tenants and by whoever sees all", () => {
    fc.assert(
      fc.property(minutesArbitrary, viewerArbitrary, (minutes, tenantId) => {
        const trail = trailOf(minutes);
        const report = judge(
          { views: viewsOf(trail.chain, tenantId), entries: own(trail, tenantId).toReversed() },
          { tenantId, nowMs: afterAll(trail) },
        );
        expect(report.findings).toEqual([]);
        expect(report).toMatchObject({ ok: true, seals: minutes.length, sealed: own(trail, tenantId).length });
      }),
      { numRuns: 60 },
    );
  });

  it("can be verified from a seal that is known from before", () => {
    const trail = trailOf([[0, 1], [0], [], [1, 0], [0]]);
    const { payload } = trail.chain[2] ?? expect.fail();
    const known = { sequence: payload.sequence, hash: seals.hashOfSeal(payload) };
    const shown = {
      views: viewsOf(trail.chain.slice(2), tenantIds[0]),
      entries: own(trail, tenantIds[0]).filter(({ atMs }) => atMs > startMs + 2 * minuteMs),
    };
    const options = { tenantId: tenantIds[0], nowMs: afterAll(trail), known, fromKnown: true };
    expect(judge(shown, options)).toMatchObject({ ok: true, sealed: 2 });
    expect(judge(shown, { ...options, known: { ...known, hash: "0".repeat(64) } })).toMatchObject({
      ok: false,
      findings: [{ kind: "cut" }],
    });
  });

  it("takes an entry through its view without changing its hash", () => {
    const [entry = expect.fail()] = trailOf([[0]]).entries;
    for (const one of [entry, { ...entry, before: "a".repeat(64), requestId: "r-1", count: 3 }]) {
      expect(hashOfEntry(entryOfView(viewOfEntry(one, 7)))).toBe(hashOfEntry(one));
    }
  });
});

/** One change to what is shown, by somebody who can write to the table and the bucket, or answers for the API. */
interface Shown {
  views: seals.SealView[];
  entries: AuditEntry[];
}
const fields = ["who", "what", "record", "tenantId", "requestId", "before", "after", "atMs", "count"] as const;

const entryMutations: Record<string, (entries: AuditEntry[], at: number, pick: number) => AuditEntry[]> = {
  edited: (entries, at, pick) =>
    entries.map((entry, index) => {
      const field = fields[pick % fields.length] ?? "who";
      if (index !== at) return entry;
      const changed = field === "atMs" || field === "count" ? (entry[field] ?? 0) + 1 : `${entry[field] ?? ""}x`;
      return { ...entry, [field]: changed };
    }),
  dropped: (entries, at) => entries.toSpliced(at, 1),
  repeated: (entries, at) => [...entries, ...entries.slice(at, at + 1)],
  renamed: (entries, at) =>
    entries.map((entry, index) =>
      index === at ? { ...entry, auditId: derivedId("audit", entry.atMs, "new") } : entry,
    ),
  "put in": (entries) => {
    const [like] = entries;
    if (like === undefined) return entries;
    const atMs = startMs - 1;
    return [...entries, { ...like, atMs, auditId: derivedId("audit", atMs, "put in") }];
  },
};

const sealMutations: Record<string, (views: seals.SealView[], at: number, pick: number) => seals.SealView[]> = {
  dropped: (views, at) => views.toSpliced(at, 1),
  "cut off at the start": (views, at) => views.slice(at + 1),
  swapped: (views, at) => views.toSpliced(at, 2, ...views.slice(at, at + 2).toReversed()),
  repeated: (views, at) => views.toSpliced(at, 0, ...views.slice(at, at + 1)),
  "written again": (views, at) => views.map((view, index) => (index === at ? { ...view, versions: 2 } : view)),
  // The oldest ones may be of a key that was given up since.
  "signed by another key": (views, at) =>
    views.map((view, index) =>
      index === Math.max(1, at) ? { ...view, document: signSeal(payloadOf(view), other) } : view,
    ),
  "of another key that says it is ours": (views, at) =>
    views.map((view, index) =>
      index === at ? { ...view, document: { ...signSeal(payloadOf(view), other), keyId: trusted.keyId } } : view,
    ),
  "with a byte flipped": (views, at, pick) =>
    views.map((view, index) => {
      if (index !== at) return view;
      const bytes = Buffer.from(view.document.payload, "base64");
      const place = pick % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ 1;
      return { ...view, document: { ...view.document, payload: bytes.toString("base64") } };
    }),
  "of another type": (views, at) =>
    views.map((view, index) =>
      index === at ? { ...view, document: { ...view.document, type: "steward-release-v1" as const } } : view,
    ),
};

function payloadOf({ document }: seals.SealView): seals.SealPayload {
  return seals.sealPayloadSchema.parse(JSON.parse(Buffer.from(document.payload, "base64").toString("utf8")));
}

describe("any one change is found", () => {
  const shownOf = (trail: Trail, tenantId: string | undefined): Shown => ({
    views: viewsOf(trail.chain, tenantId),
    entries: own(trail, tenantId),
  });

  it.each(Object.entries(entryMutations))("an entry %s", (_name, mutate) => {
    fc.assert(
      fc.property(minutesArbitrary, viewerArbitrary, fc.nat(), fc.nat(), (minutes, tenantId, at, pick) => {
        // Long after all of it, so that nothing waits; and going on, so that the newest seal is young.
        const trail = trailOf([...minutes, ...Array.from({ length: 12 }, () => [])]);
        const shown = shownOf(trail, tenantId);
        fc.pre(shown.entries.length > 0);
        const entries = mutate(shown.entries, at % shown.entries.length, pick);
        const report = judge({ ...shown, entries }, { tenantId, nowMs: afterAll(trail) });
        expect(report.ok).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  it.each(Object.entries(sealMutations))("a seal %s", (_name, mutate) => {
    fc.assert(
      fc.property(minutesArbitrary, viewerArbitrary, fc.nat(), fc.nat(), (minutes, tenantId, at, pick) => {
        const trail = trailOf([...minutes, [0], [], []]);
        const shown = shownOf(trail, tenantId);
        // Not the last one: that the end was cut is another thing, and shows by its age.
        const views = mutate(shown.views, at % (shown.views.length - 1), pick);
        expect(judge({ ...shown, views }, { tenantId, nowMs: afterAll(trail) }).ok).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it("the end cut: five minutes later by its age, at once to whoever knows a later seal", () => {
    const trail = trailOf([[0], [1], [0]]);
    const { payload } = trail.chain[2] ?? expect.fail();
    const known = { sequence: 3, hash: seals.hashOfSeal(payload) };
    const cut: Trail = { chain: trail.chain.slice(0, 2), entries: trail.entries.slice(0, 2) };
    const shown = shownOf(cut, undefined);
    expect(judge(shown, { nowMs: afterAll(trail) }).ok).toBe(true);
    expect(judge(shown, { nowMs: afterAll(trail) + 5 * minuteMs }).findings).toMatchObject([{ kind: "stale" }]);
    const remembered = judge({ ...shown, views: [] }, { nowMs: afterAll(trail), known });
    expect(remembered.findings.map(({ kind }) => kind)).toContain("cut");
  });

  it("an entry of today that says it is from before the known seal, or in one that does not hold it", () => {
    const trail = trailOf(Array.from({ length: 12 }, () => [0]));
    const { payload } = trail.chain[3] ?? expect.fail();
    const known = { sequence: payload.sequence, hash: seals.hashOfSeal(payload) };
    const [tenantId] = tenantIds;
    const views = viewsOf(trail.chain.slice(3), tenantId);
    const options = { tenantId, nowMs: afterAll(trail), known, fromKnown: true };
    const [like = expect.fail()] = trail.entries;
    const shown = own(trail, tenantId).slice(3);
    const put = (atMs: number, saidToBeIn: number) =>
      judge(
        { views, entries: [...shown, { ...like, atMs, auditId: derivedId("audit", atMs, "put in") }], saidToBeIn },
        options,
      );
    // What is older than the known seal is taken from memory: so much is said.
    expect(put(startMs + 1, 1)).toMatchObject({ ok: true, skipped: 1, sealed: 9 });
    for (const [atMs, seal] of [
      [payload.sealedAtMs + 5 * minuteMs + 1, 1],
      [afterAll(trail), 1],
      [afterAll(trail), 4],
      [afterAll(trail), 8],
    ] as const) {
      expect(put(atMs, seal).findings).toMatchObject([{ kind: "unsealed", seal }]);
    }
    // One that waits, and one whose seal was made after the seals were read.
    expect(put(afterAll(trail), 13)).toMatchObject({ ok: true, waiting: 1 });
  });

  it("an entry that was dated back and then sealed is told of, and one that the sealer was late with is not", () => {
    const minutes = [[0], [0], [0], [0], [0], [0], [0], [0], [0]];
    const trail = trailOf(minutes);
    const options = { tenantId: undefined, nowMs: afterAll(trail) };
    expect(judge(shownOf(trail, undefined), options).warnings).toEqual([]);
    const back = trailOf(minutes, trusted, { 8: { datedBackMs: 6 * minuteMs } });
    expect(judge(shownOf(back, undefined), options)).toMatchObject({
      ok: true,
      warnings: [expect.stringMatching(/1 entries were sealed more than 5 minutes after/)],
    });
    // It stood still for an hour, and then worked off what had waited, in several seals of one run.
    const late = trailOf(minutes, trusted, {
      6: { lateMs: 60 * minuteMs },
      7: { lateMs: 59 * minuteMs + 1_000 },
      8: { lateMs: 58 * minuteMs + 2_000 },
    });
    expect(judge(shownOf(late, undefined), { ...options, nowMs: afterAll(trail) + 60 * minuteMs })).toMatchObject({
      ok: true,
      warnings: [],
    });
  });

  it("all of it made up again with another key", () => {
    const trail = trailOf([[0, 1], [1], [0]], other);
    const report = judge(shownOf(trail, tenantIds[0]), { tenantId: tenantIds[0], nowMs: afterAll(trail) });
    expect(report.findings.filter(({ kind }) => kind === "forged")).toHaveLength(3);
  });

  it("seals by a key that was given up, unless a seal by a listed key goes on from them", () => {
    const stolen = newKey();
    const trail = trailOf([[0, 1], [1], [0], [0]]);
    const old = trail.chain.slice(0, 2).map((link) => ({ ...link, document: signSeal(link.payload, stolen) }));
    const rotated = { ...trail, chain: [...old, ...trail.chain.slice(2)] };
    const options = { tenantId: tenantIds[0], nowMs: afterAll(trail) };
    expect(judge(shownOf(rotated, tenantIds[0]), options)).toMatchObject({
      ok: true,
      sealed: 3,
      warnings: [expect.stringMatching(/2 seals are by keys that count no more \(1 to 2\)/)],
    });
    // What the thief makes up is no part of what the next key went on from.
    const madeUp = trailOf([[0], [1]], stolen);
    const kinds = (chain: Chain) =>
      judge({ ...shownOf(rotated, tenantIds[0]), views: viewsOf(chain, tenantIds[0]) }, options).findings.map(
        ({ kind }) => kind,
      );
    expect(kinds([...madeUp.chain, ...trail.chain.slice(2)])).toEqual(expect.arrayContaining(["chain"]));
    // And what he puts at the end has nobody who vouches for it.
    const last = trail.chain.at(-1) ?? expect.fail();
    expect(kinds([...trail.chain.slice(0, 3), { ...last, document: signSeal(last.payload, stolen) }])).toContain(
      "forged",
    );
  });

  it("all of it made up again with the real key: to whoever remembers one seal of it", () => {
    const before = trailOf([[0, 1], [1], [0]]);
    const known = { sequence: 2, hash: seals.hashOfSeal((before.chain[1] ?? expect.fail()).payload) };
    const after = trailOf([[0], [1], [0], []]);
    const options = { tenantId: tenantIds[0], nowMs: afterAll(after) };
    expect(judge(shownOf(after, tenantIds[0]), options).ok).toBe(true);
    for (const fromKnown of [false, true]) {
      const views = viewsOf(after.chain.slice(fromKnown ? 1 : 0), tenantIds[0]);
      const report = judge({ views, entries: own(after, tenantIds[0]) }, { ...options, known, fromKnown });
      expect(report.findings.map(({ kind }) => kind)).toContain("cut");
    }
  });
});

describe("what a tenant is shown of a seal", () => {
  const proofArbitrary = fc.uniqueArray(fc.nat({ max: tenantIds.length - 1 }));

  it("holds for what is there and what is not, and for nothing else", () => {
    fc.assert(
      fc.property(proofArbitrary, fc.nat({ max: 5 }), fc.nat({ max: 5 }), (owners, asked, lied) => {
        const [tenantId = "", liar = ""] = [tenantIds[asked], tenantIds[lied]];
        const { chain } = trailOf([owners.flatMap((owner) => [owner, owner])]);
        const { leaves, payload } = chain[0] ?? expect.fail();
        const proof = seals.proveTenant(leaves, tenantId);
        expect(seals.checkProof(payload, proof, tenantId)).toEqual({
          leaves: leaves.filter((leaf) => leaf.tenantId === tenantId),
        });
        expect(proof.kind).toBe(owners.includes(asked) ? "included" : "absent");
        // Nobody else's: neither their entries as mine, nor my absence where I am there.
        if (owners.includes(lied) && asked !== lied) {
          expect(seals.checkProof(payload, proof, liar)).toHaveProperty("problem");
        }
      }),
    );
  });

  it("says nothing of the others but hashes", () => {
    const { chain } = trailOf([[0, 1, 2, 3]]);
    const { leaves } = chain[0] ?? expect.fail();
    for (const tenantId of [tenantIds[0] ?? "", tenantIds[5] ?? ""]) {
      const text = JSON.stringify(seals.proveTenant(leaves, tenantId));
      for (const stranger of leaves.filter((leaf) => leaf.tenantId !== tenantId)) {
        expect(text).not.toContain(stranger.tenantId);
        for (const [auditId] of stranger.entries) expect(text).not.toContain(auditId);
      }
    }
  });

  it("cannot leave entries out", () => {
    const { chain } = trailOf([[0, 0, 1], [0]]);
    const { leaves, payload } = chain[0] ?? expect.fail();
    const [tenantId = ""] = tenantIds;
    const proof = seals.proveTenant(leaves, tenantId);
    if (proof.kind !== "included") return expect.fail();
    const fewer = { ...proof, entries: proof.entries.slice(1) };
    expect(seals.checkProof(payload, fewer, tenantId)).toHaveProperty("problem");
    const nothing: seals.SealProof = { kind: "absent", neighbours: [] };
    expect(seals.checkProof(payload, nothing, tenantId)).toHaveProperty("problem");
    return undefined;
  });
});
