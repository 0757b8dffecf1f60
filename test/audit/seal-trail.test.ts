import { generateKeyPairSync, sign } from "node:crypto";
import { DeleteObjectCommand, GetObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Clients } from "@steward/aws/clients";
import { signDocument } from "@steward/aws/signing";
import { sha256Hex } from "@steward/contracts/canonical";
import { hashOfEntry } from "@steward/contracts/audit";
import { newId } from "@steward/contracts/ids";
import {
  contentOf,
  firstPrevious,
  hashOfSeal,
  sealKey,
  type SealPayload,
  type StoredSeal,
} from "@steward/contracts/seal";
import { noteDenial } from "@steward/control/note-denial";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTrailCloud, type TrailCloud } from "./support/trail-cloud.ts";

const minuteMs = 60_000;

let cloud: TrailCloud;
let acme: string;
let beta: string;
let both: readonly string[];
beforeEach(async () => {
  cloud = await openTrailCloud();
  acme = newId("tenant", cloud.nowMs());
  beta = newId("tenant", cloud.nowMs());
  both = [acme, beta];
});
afterEach(() => cloud.close());

/** Three minutes of work, each sealed, and one of nothing. */
async function someMinutes(): Promise<void> {
  for (const owners of [[acme, beta, acme], [acme], [], [beta, acme]]) {
    for (const owner of owners) await cloud.write(owner);
    await cloud.seal();
    cloud.passTime(minuteMs);
  }
}

/** By everybody who would look: each tenant, and the staff. */
async function kindsFound(): Promise<{ acme: string[]; beta: string[]; staff: string[] }> {
  const kinds = async (tenantId: string | undefined) => {
    const { findings } = await cloud.verify(tenantId, { tenants: both });
    return [...new Set(findings.map(({ kind }) => kind))].toSorted();
  };
  return { acme: await kinds(acme), beta: await kinds(beta), staff: await kinds(undefined) };
}

describe("the sealer", () => {
  it("seals every minute what has come in, also nothing, and each entry once", async () => {
    await someMinutes();
    for (const tenantId of [...both, undefined]) {
      const report = await cloud.verify(tenantId, { tenants: both });
      expect(report).toMatchObject({ ok: true, warnings: [], seals: 4, waiting: 0 });
      expect(report.sealed).toBe(tenantId === undefined ? 6 : tenantId === acme ? 4 : 2);
    }
    expect((await cloud.items(acme)).map((item) => item["seal"])).toEqual([1, 1, 2, 4]);
    expect((await cloud.items(acme)).filter((item) => "gsi1pk" in item)).toEqual([]);
  });

  it("forgets nothing whose clock is wrong or whose commit is late, and its chain does not run backwards", async () => {
    for (const skewMs of [-3_600_000, 3_600_000, 0]) await cloud.write(acme, { skewMs });
    await cloud.seal();
    // A sealer whose own clock is set back.
    cloud.passTime(-10 * minuteMs);
    await cloud.write(acme);
    await cloud.seal();
    cloud.passTime(10 * minuteMs);
    // Of the first minute, and committed only now.
    await cloud.write(acme, { skewMs: -minuteMs });
    await cloud.seal();
    expect(await cloud.verify(acme)).toMatchObject({ ok: true, sealed: 5, waiting: 0 });
  });

  it("works a backlog off, so much in a run", async () => {
    for (let index = 0; index < 11; index++) await cloud.write(index % 3 === 0 ? beta : acme);
    const limits = { entriesPerSeal: 2, sealsPerRun: 3 };
    expect(await cloud.seal({ limits })).toMatchObject({ seals: 3, entries: 6, oldestLeftMs: expect.any(Number) });
    expect(await cloud.seal({ limits })).toMatchObject({ seals: 3, entries: 5, oldestLeftMs: undefined });
    expect(await cloud.verify(undefined, { tenants: both })).toMatchObject({ ok: true, sealed: 11 });
  });

  it("makes one chain with another that runs at the same time", async () => {
    for (let round = 0; round < 4; round++) {
      await Promise.all([acme, beta, acme].map((owner) => cloud.write(owner)));
      await Promise.all([cloud.seal(), cloud.seal(), cloud.seal()]);
      cloud.passTime(minuteMs);
    }
    expect(await cloud.verify(undefined, { tenants: both })).toMatchObject({ ok: true, warnings: [], sealed: 12 });
  });

  it("finds the newest seal again when it has forgotten which one that was", async () => {
    await someMinutes();
    await cloud.deleteItem({ pk: "SYS#SEAL", sk: "HEAD" });
    await cloud.write(acme);
    await cloud.seal();
    expect(await cloud.verify(undefined, { tenants: both })).toMatchObject({ ok: true, seals: 5, sealed: 7 });
  });

  it("has no right to delete a seal, a version of one, or an entry", async () => {
    await someMinutes();
    const { s3, dynamo } = cloud.sealer;
    const key = { Bucket: cloud.bucket, Key: sealKey(1) };
    const { Versions } = await cloud.intruder.s3.send(
      new ListObjectVersionsCommand({ Bucket: cloud.bucket, Prefix: sealKey(1) }),
    );
    const VersionId = Versions?.[0]?.VersionId;
    await expect(s3.send(new DeleteObjectCommand(key))).rejects.toThrow(/not authorized/);
    await expect(s3.send(new DeleteObjectCommand({ ...key, VersionId }))).rejects.toThrow(/not authorized/);
    const [item] = await cloud.items(acme);
    const { DeleteCommand } = await import("@aws-sdk/lib-dynamodb");
    await expect(
      dynamo.send(new DeleteCommand({ TableName: cloud.table.name, Key: { pk: item?.["pk"], sk: item?.["sk"] } })),
    ).rejects.toThrow(/not authorized/);
  });
});

/**
 * The sealer's clients, which die at their n-th write: before it reaches the cloud, or after it was done, with the reply
 * lost. Dead, they do nothing any more.
 */
function dyingAt(
  wanted: number,
  moment: "before" | "after",
): { clients: Clients; writes: () => number; died: () => boolean } {
  let writes = 0;
  let dead = false;
  const { dynamo, s3, kms, ...rest } = cloud.sealer;
  const wrap = <C extends { send: (...args: never[]) => Promise<unknown> }>(client: C): C =>
    new Proxy(client, {
      get: (target, name, receiver) => {
        if (name !== "send") return Reflect.get(target, name, receiver) as unknown;
        return async (...args: never[]) => {
          if (dead) throw new Error("killed");
          const [command] = args as unknown as [{ constructor: { name: string } }];
          const isWrite = /^(Update|Put)/.test(command.constructor.name);
          if (isWrite) writes++;
          const now = isWrite && writes === wanted;
          if (now && moment === "before") {
            dead = true;
            throw new Error("killed");
          }
          const answer = await target.send(...args);
          if (now) {
            dead = true;
            throw new Error("killed");
          }
          return answer;
        };
      },
    });
  return {
    clients: { ...rest, kms, dynamo: wrap(dynamo), s3: wrap(s3) } as Clients,
    writes: () => writes,
    died: () => dead,
  };
}

describe("a sealer that is killed", () => {
  it.each(["before", "after"] as const)("%s any of its writes leaves what the next one makes whole", async (moment) => {
    const deps = { table: cloud.table, nowMs: cloud.nowMs, log: () => {}, meter: () => {} };
    const denied = { status: 403 as const, code: "forbidden", route: "submitTask", requestId: "r" };
    let entries = 0;
    for (let at = 1; ; at++) {
      for (const owner of [acme, beta, acme]) await cloud.write(owner);
      await noteDenial(deps, { ...denied, by: { who: "per_1", tenantId: acme } });
      entries += 4;
      // So that the minute of the denial is over, and it is closed too.
      cloud.passTime(2 * minuteMs);
      const { clients, died } = dyingAt(at, moment);
      const outcome = await cloud.seal({ through: clients }).catch((error: unknown) => error);
      if (!died()) {
        expect(outcome).toMatchObject({ seals: 1 });
        // Close, put, four marks and the head: all of its writes have been the last one once.
        expect(at).toBeGreaterThan(7);
        break;
      }
      await cloud.seal();
      const report = await cloud.verify(undefined, { tenants: both });
      expect(report).toMatchObject({ ok: true, warnings: [], sealed: entries, waiting: 0 });
    }
    expect(await cloud.verify(undefined, { tenants: both })).toMatchObject({ ok: true, sealed: entries });
  });
});

describe("denials", () => {
  it("of one principal, route and minute are one entry, however many; later ones another", async () => {
    const deps = { table: cloud.table, nowMs: cloud.nowMs, log: () => {}, meter: () => {} };
    const denied = {
      status: 403 as const,
      code: "forbidden",
      route: "submitTask",
      by: { who: "per_1", tenantId: acme },
    };
    // The next full minute: so that all of it is one.
    cloud.passTime(minuteMs - (cloud.nowMs() % minuteMs));
    const startMs = cloud.nowMs();
    await Promise.all(Array.from({ length: 200 }, (_, n) => noteDenial(deps, { ...denied, requestId: `r${n}` })));
    await noteDenial(deps, { ...denied, requestId: "x", by: { who: "per_2", tenantId: acme } });
    // Nobody knows who: a number, and no entry.
    await noteDenial(deps, { status: 401, code: "unauthenticated", route: "submitTask", requestId: "y" });
    // Its minute is not over: it waits.
    cloud.passTime(30_000);
    await cloud.seal();
    expect((await cloud.items(acme)).filter((item) => "seal" in item)).toEqual([]);
    cloud.passTime(minuteMs);
    await cloud.seal();
    // By a clock that is two minutes slow.
    const late = { ...deps, nowMs: () => startMs + 1_000 };
    await noteDenial(late, { ...denied, requestId: "late" });
    await noteDenial(late, { ...denied, requestId: "later" });
    await cloud.seal();
    const found = (await cloud.entries(acme)).map(({ who, what, record, count, atMs }) => ({
      who,
      what,
      record,
      count,
      atMs,
    }));
    const entry = { what: "denied-forbidden", record: "submitTask", atMs: startMs };
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        { ...entry, who: "per_1", count: 200 },
        { ...entry, who: "per_2", count: 1 },
        { ...entry, who: "per_1", count: 2 },
      ]),
    );
    expect(await cloud.verify(acme)).toMatchObject({ ok: true, sealed: 3, waiting: 0 });
  });

  it("never change the answer, nor hold it up, where the table does not answer", async () => {
    const logged: string[] = [];
    const stuck = { ...cloud.table, client: { send: () => new Promise(() => {}) } } as unknown as TrailCloud["table"];
    const startMs = performance.now();
    await noteDenial(
      { table: stuck, nowMs: cloud.nowMs, meter: () => {}, log: (_level, event) => void logged.push(event) },
      { status: 403, code: "forbidden", route: "x", requestId: "r", by: { who: "per_1", tenantId: acme } },
    );
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(logged).toEqual(["denial_not_counted"]);
  });
});

describe("somebody with every right on the table", () => {
  beforeEach(someMinutes);
  const itemOf = async (tenantId: string, at = 0) => {
    const item = (await cloud.items(tenantId))[at];
    if (item === undefined) throw new Error("no such entry");
    return item;
  };

  it("edits an entry", async () => {
    await cloud.putItem({ ...(await itemOf(acme)), who: "per_somebody_else" });
    expect(await kindsFound()).toEqual({ acme: ["edited"], beta: [], staff: ["edited"] });
  });

  it("drops an entry, or the newest ones", async () => {
    await cloud.deleteItem(await itemOf(acme, 1));
    await cloud.deleteItem(await itemOf(acme, 2));
    const { findings } = await cloud.verify(acme);
    expect(findings.map(({ kind }) => kind)).toEqual(["missing", "missing"]);
    expect(await kindsFound()).toMatchObject({ beta: [], staff: ["missing"] });
  });

  it("puts entries into another order", async () => {
    const [first, second] = [await itemOf(acme, 0), await itemOf(acme, 2)];
    const place = ({ pk, sk, auditId, seal }: Record<string, unknown>) => ({ pk, sk, auditId, seal });
    await cloud.putItem({ ...second, ...place(first) });
    await cloud.putItem({ ...first, ...place(second) });
    expect(await kindsFound()).toEqual({ acme: ["edited"], beta: [], staff: ["edited"] });
  });

  it("moves an entry to another tenant", async () => {
    const item = await itemOf(acme);
    await cloud.deleteItem(item);
    await cloud.putItem({ ...item, pk: `T#${beta}#AUDIT`, tenantId: beta });
    cloud.passTime(8 * minuteMs);
    await cloud.seal();
    expect(await kindsFound()).toEqual({ acme: ["missing"], beta: ["unsealed"], staff: ["edited"] });
  });

  it("puts an entry in, as if it had been there all along", async () => {
    const item = await itemOf(acme);
    const atMs = Number(item["atMs"]) - 1_000;
    const auditId = newId("audit", atMs);
    await cloud.putItem({ ...item, sk: auditId, auditId, atMs });
    cloud.passTime(8 * minuteMs);
    await cloud.seal();
    expect(await kindsFound()).toEqual({ acme: ["unsealed"], beta: [], staff: ["unsealed"] });
  });
});

describe("somebody with every right on the bucket, but for what object lock forbids everybody", () => {
  beforeEach(someMinutes);
  const at = (sequence: number) => ({ Bucket: cloud.bucket, Key: sealKey(sequence) });
  const read = async (sequence: number): Promise<{ stored: StoredSeal; text: string; payload: SealPayload }> => {
    const answer = await cloud.intruder.s3.send(new GetObjectCommand(at(sequence)));
    const text = (await answer.Body?.transformToString()) ?? "";
    const stored = JSON.parse(text) as StoredSeal;
    const payload = JSON.parse(Buffer.from(stored.document.payload, "base64").toString()) as SealPayload;
    return { stored, text, payload };
  };
  const write = (sequence: number, Body: string) =>
    cloud.intruder.s3.send(new PutObjectCommand({ ...at(sequence), Body, ChecksumAlgorithm: "SHA256" }));
  const isBroken = async () => {
    cloud.metered.length = 0;
    await expect(cloud.seal()).rejects.toThrow(/chain of seals is broken/);
    expect(cloud.metered).toEqual([{ metric: "SealChainBroken", value: 1 }]);
  };

  it("cannot delete what was put first", async () => {
    const { Versions = [] } = await cloud.intruder.s3.send(new ListObjectVersionsCommand({ Bucket: cloud.bucket }));
    expect(Versions).toHaveLength(4);
    for (const { Key, VersionId } of Versions) {
      const removal = { Bucket: cloud.bucket, Key, VersionId, BypassGovernanceRetention: true };
      await expect(cloud.intruder.s3.send(new DeleteObjectCommand(removal))).rejects.toThrow(/object lock/);
    }
  });

  it("cuts the end: hides the newest seals, and their entries with them", async () => {
    for (const sequence of [3, 4]) await cloud.intruder.s3.send(new DeleteObjectCommand(at(sequence)));
    for (const item of await cloud.items(acme)) if (item["seal"] === 4) await cloud.deleteItem(item);
    expect(await kindsFound()).toEqual({
      acme: ["missing", "rewritten"],
      beta: ["rewritten"],
      staff: ["missing", "rewritten"],
    });
    await isBroken();
  });

  it("writes another seal over one", async () => {
    const { stored } = await read(2);
    await write(2, JSON.stringify({ ...stored, leaves: [] }));
    expect(await kindsFound()).toEqual({ acme: ["rewritten"], beta: ["rewritten"], staff: ["rewritten"] });
  });

  it("puts an old seal in the place of the newest", async () => {
    await write(4, (await read(1)).text);
    expect((await kindsFound()).staff).toEqual(["rewritten"]);
    await isBroken();
  });

  it("puts an old seal where the next one would be", async () => {
    await write(5, (await read(4)).text);
    expect((await kindsFound()).staff).toEqual(["chain", "order"]);
    await isBroken();
  });

  it("makes the whole chain anew, with another key or with the real one, without one entry", async () => {
    const victim = (await cloud.items(acme))[0] ?? {};
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const der = other.publicKey.export({ format: "der", type: "spki" });
    const otherKey = {
      key: async () => ({
        keyId: sha256Hex(der),
        publicKey: der,
        sign: async (bytes: Uint8Array) => sign("sha256", bytes, other.privateKey),
      }),
    };
    const known = { sequence: 2, hash: hashOfSeal((await read(2)).payload) };
    const kept = await Promise.all([1, 2, 3, 4].map(async (sequence) => (await read(sequence)).stored.leaves));
    await cloud.deleteItem(victim);
    for (const signer of [otherKey, cloud.sealKey]) {
      let previous = firstPrevious;
      for (const [index, before] of kept.entries()) {
        const { leaves, content } = contentOf(
          before.map(({ tenantId, entries }) => ({
            tenantId,
            entries: entries.filter(([auditId]) => auditId !== victim["auditId"]),
          })),
        );
        const sealedAtMs = cloud.nowMs() - (4 - index) * minuteMs;
        const payload: SealPayload = { v: 1, sequence: index + 1, previous, ...content, sealedAtMs };
        const document = await signDocument(signer, "steward-seal-v1", payload);
        await write(index + 1, JSON.stringify({ v: 1, document, leaves }));
        previous = hashOfSeal(payload);
      }
      // The first versions are under lock, and it is they that count.
      expect(await kindsFound()).toEqual({
        acme: ["missing", "rewritten"],
        beta: ["rewritten"],
        staff: ["missing", "rewritten"],
      });
      await isBroken();
    }
    // Also where the API itself lies and shows the new ones alone: to whoever remembers one seal of before.
    const newest = await read(2);
    expect(hashOfSeal(newest.payload)).not.toBe(known.hash);
  });

  it("leaves everything as it is, and nobody finds anything", async () => {
    expect(await kindsFound()).toEqual({ acme: [], beta: [], staff: [] });
    const [entry] = await cloud.entries(acme);
    expect(hashOfEntry(entry ?? expect.fail())).toMatch(/^[0-9a-f]{64}$/);
  });
});
