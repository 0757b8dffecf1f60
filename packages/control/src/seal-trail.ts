import { closeEntry, getEntries, listUnsealed, markSealed, type StoredEntry } from "@steward/aws/records/audit";
import { getSealHead, noteSealHead, type SealHead } from "@steward/aws/records/seal-head";
import type { Seals } from "@steward/aws/seals";
import { signDocument } from "@steward/aws/signing";
import { hashOfEntry } from "@steward/contracts/audit";
import { AppError } from "@steward/contracts/errors";
import {
  contentOf,
  firstPrevious,
  hashOfSeal,
  type SealLeaf,
  type SealPayload,
  sealPayloadSchema,
  type StoredSeal,
  storedSealSchema,
} from "@steward/contracts/seal";
import type { Context, WithSigner } from "./context.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log" | "meter"> & WithSigner & { seals: Seals };

/** A minute of denials is sealed so long after it is over: whoever counts has had the time to. */
const countGraceMs = 30_000;
const minuteMs = 60_000;
/** Marks under way at one time. */
const width = 25;

export interface SealLimits {
  /** In one seal: its object stays below a megabyte. */
  entriesPerSeal: number;
  /** In one run: a backlog is worked off over several. */
  sealsPerRun: number;
}
const defaultLimits: SealLimits = { entriesPerSeal: 2_000, sealsPerRun: 5 };

/**
 * Seals what has come in since the last run, and a minute of nothing as well. The order of the writes is what makes it
 * safe to be killed anywhere, and to run twice at once:
 *
 *     put seal n (only if there is none) ─▶ mark its entries ─▶ note n as the head ─▶ put seal n + 1
 *
 * So whoever finds a seal after the head finishes its marks first, and what is unmarked then is in no seal.
 */
export async function sealTrail(
  deps: Deps,
  limits: SealLimits = defaultLimits,
): Promise<{ seals: number; entries: number; oldestLeftMs: number | undefined }> {
  let head = await findHead(deps);
  let seals = 0;
  let entries = 0;
  // Lost races are tried again, and do not count: somebody has sealed.
  for (let tries = 0; tries < limits.sealsPerRun * 3; tries++) {
    const batch = await collect(deps, limits.entriesPerSeal);
    if (batch.length === 0 && seals > 0) break;
    const made = await putSeal(deps, head, batch);
    if (made === undefined) {
      head = await followOn(deps, head);
      continue;
    }
    await finish(deps, made);
    head = made.head;
    seals++;
    entries += batch.length;
    if (batch.length < limits.entriesPerSeal || seals >= limits.sealsPerRun) break;
  }
  return { seals, entries, oldestLeftMs: await oldestLeft(deps) };
}

/** The newest seal, with what the next one needs of it. */
interface Head extends SealHead {
  sealedAtMs: number;
}
const beforeAll: Head = { sequence: 0, hash: firstPrevious, sealedAtMs: 0 };

interface MadeSeal {
  head: Head;
  leaves: readonly SealLeaf[];
}

/** The seal to go on from, everything of it marked. Throws where it is not what was left there: fails closed, and loud. */
async function findHead(deps: Deps): Promise<Head> {
  const noted = await getSealHead(deps.table);
  if (noted === undefined) {
    const newest = await searchNewest(deps.seals);
    if (newest === 0) return followOn(deps, beforeAll);
    deps.log("warn", "seal_head_missing", { newest });
    const found = await read(deps, newest);
    if (found === undefined) return broken(deps, `the seal ${newest} was there and is gone`);
    await finish(deps, found);
    return followOn(deps, found.head);
  }
  const found = await read(deps, noted.sequence);
  if (found === undefined) return broken(deps, `the newest seal, ${noted.sequence}, is gone from its bucket`);
  if (found.head.hash !== noted.hash) return broken(deps, `the seal ${noted.sequence} is not the one that was made`);
  return followOn(deps, found.head);
}

/** Finishes what another sealer, or this one before it was killed, has put after `head`. */
async function followOn(deps: Deps, head: Head): Promise<Head> {
  let newest = head;
  for (;;) {
    const next = await read(deps, newest.sequence + 1);
    if (next === undefined) return newest;
    if (next.previous !== newest.hash) {
      return broken(deps, `the seal ${next.head.sequence} does not follow the seal ${newest.sequence}`);
    }
    await finish(deps, next);
    newest = next.head;
  }
}

async function read({ seals }: Deps, sequence: number): Promise<(MadeSeal & { previous: string }) | undefined> {
  const text = await seals.get(sequence);
  if (text === undefined) return undefined;
  const { document, leaves } = parseStored(text, sequence);
  const payload = payloadOf(document);
  return {
    head: { sequence, hash: hashOfSeal(payload), sealedAtMs: payload.sealedAtMs },
    leaves,
    previous: payload.previous,
  };
}

/** Seals have no gaps, so the newest is found in a few steps from any place: doubled, then halved. 0: there is none. */
async function searchNewest(seals: Seals): Promise<number> {
  let there = 0;
  let step = 1;
  while (await seals.has(there + step)) {
    there += step;
    step *= 2;
  }
  for (; step >= 1; step = Math.floor(step / 2)) if (await seals.has(there + step)) there += step;
  return there;
}

/** Entries that no seal holds, as the table has them now. Those that are still counted on are left for later. */
async function collect({ table, nowMs }: Deps, limit: number): Promise<StoredEntry[]> {
  const keys = await listUnsealed(table, limit);
  const unsealed = async () => (await getEntries(table, keys)).filter(({ seal }) => seal === undefined);
  const found = await unsealed();
  const over = found.filter(({ entry, closed }) => !closed && entry.atMs + minuteMs + countGraceMs <= nowMs());
  if (over.length === 0) return found.filter(({ closed }) => closed);
  await each(over, ({ entry }) => closeEntry(table, entry, nowMs()));
  return (await unsealed()).filter(({ closed }) => closed);
}

/** Undefined where somebody else was first. */
async function putSeal(deps: Deps, head: Head, batch: readonly StoredEntry[]): Promise<MadeSeal | undefined> {
  const byTenant = Map.groupBy(batch, ({ entry }) => entry.tenantId);
  const { leaves, content } = contentOf(
    [...byTenant].map(([tenantId, own]) => ({
      tenantId,
      entries: own.map(({ entry }) => [entry.auditId, hashOfEntry(entry)]),
    })),
  );
  const payload: SealPayload = {
    v: 1,
    sequence: head.sequence + 1,
    previous: head.hash,
    ...content,
    // A clock that was set back must not make the chain look turned around.
    sealedAtMs: Math.max(deps.nowMs(), head.sealedAtMs),
  };
  const document = await signDocument(deps.signer, "steward-seal-v1", payload);
  const stored: StoredSeal = { v: 1, document, leaves };
  if (!(await deps.seals.put(payload.sequence, JSON.stringify(stored)))) return undefined;
  const { sequence, sealedAtMs } = payload;
  return { head: { sequence, hash: hashOfSeal(payload), sealedAtMs }, leaves };
}

/** Marks, then the head: never the other way round, or the marks would be nobody's to finish. */
async function finish(deps: Deps, { head, leaves }: MadeSeal): Promise<void> {
  const keys = leaves.flatMap(({ tenantId, entries }) => entries.map(([auditId]) => ({ tenantId, auditId })));
  await each(keys, async (key) => {
    if (await markSealed(deps.table, key, head.sequence)) return;
    // Told, and left alone: it is what `steward audit verify` finds.
    deps.log("warn", "audit_entry_lost", { ...key, seal: head.sequence });
  });
  await noteSealHead(deps.table, head);
}

async function oldestLeft({ table }: Deps): Promise<number | undefined> {
  const [oldest] = await listUnsealed(table, 1);
  if (oldest === undefined) return undefined;
  const [stored] = await getEntries(table, [oldest]);
  // The index trails: what was marked a moment ago may still be on it.
  return stored === undefined || stored.seal !== undefined ? undefined : stored.entry.atMs;
}

function broken({ meter, log }: Deps, what: string): never {
  meter("SealChainBroken", 1);
  log("error", "seal_chain_broken", { what });
  throw new AppError("internal", `the chain of seals is broken: ${what}`, {
    next: "Follow docs/runbooks/seal-chain-broken.md. Nothing is sealed until then.",
    retryable: false,
  });
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < items.length; start += width) {
    await Promise.all(items.slice(start, start + width).map(work));
  }
}

/** An object of the bucket. Throws where it is none of ours. */
export function parseStored(text: string, sequence: number): StoredSeal {
  try {
    return storedSealSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("internal", `the seal ${sequence} cannot be read`, { cause, retryable: false });
  }
}

function payloadOf(document: StoredSeal["document"]): SealPayload {
  return sealPayloadSchema.parse(JSON.parse(Buffer.from(document.payload, "base64").toString("utf8")));
}
