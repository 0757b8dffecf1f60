import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { type Journal, syncDirectory } from "./journal.ts";
import { type ChecksumName, checksumNames, startChecksum } from "./s3-checksums.ts";

/** An object's description. Stored under `s3/object/{bucket}/{key}`; its bytes are in the file of that name. */
export interface ObjectRecord {
  bucket: string;
  key: string;
  file: string;
  sizeBytes: number;
  /** With its quotation marks, as on the wire. */
  etag: string;
  modifiedAtMs: number;
  checksums: Partial<Record<ChecksumName, string>>;
  /** Headers that come back with the object: `content-type`, `x-amz-meta-…`, … */
  headers: Record<string, string>;
  /** In a bucket that keeps versions. What it replaced stays, under `s3/version/{bucket}/{versionId}`. */
  versionId?: string;
  /** The order in which versions were made; of old records, which have none, the time decides. */
  serial?: number;
  /** Not an object but the note that it was deleted, in a bucket that keeps versions. */
  isMarker?: true;
  /** Until then this version cannot be deleted. */
  retention?: Retention;
}

/** Object lock: `COMPLIANCE` binds everybody, `GOVERNANCE` those who may not bypass it. */
export interface Retention {
  mode: "COMPLIANCE" | "GOVERNANCE";
  untilMs: number;
}

/** Every new version of the bucket is retained for so long, unless its put says otherwise. */
export interface DefaultRetention {
  mode: Retention["mode"];
  days: number;
}

/** Bytes that are on disk but belong to no object yet. */
export interface Upload {
  file: string;
  sizeBytes: number;
  md5: Buffer;
  sha256Hex: string;
  checksums: Record<ChecksumName, string>;
}

export interface ObjectStore {
  hasBucket(bucket: string): boolean;
  /** With `lock` it keeps versions and can retain them; that is for good, and only a new bucket can have it. */
  createBucket(bucket: string, nowMs: number, options?: { lock?: boolean }): Promise<void>;
  /** Undefined where the bucket has no lock; `{}` where it retains nothing by itself. */
  lockOf(bucket: string): { defaultRetention?: DefaultRetention } | undefined;
  setDefaultRetention(bucket: string, retention: DefaultRetention | undefined): Promise<void>;
  /** Gives a bucket another name, with its objects. Nothing where none has the old name, or one has the new. */
  renameBucket(from: string, to: string): Promise<void>;
  /** From now on, what is replaced stays. */
  keepVersions(bucket: string): Promise<void>;
  /** Whether what is replaced stays. */
  isVersioned(bucket: string): boolean;
  deleteBucket(bucket: string): Promise<void>;
  buckets(): { name: string; createdAtMs: number }[];
  /** The object, or one of its versions. */
  find(bucket: string, key: string, versionId?: string): ObjectRecord | undefined;
  /** Sorted by the UTF-8 bytes of their keys. */
  list(bucket: string, prefix: string): ObjectRecord[];
  /** Takes bytes to disk; throws what `source` throws, leaving nothing behind. */
  receive(source: AsyncIterable<Buffer>, limits: { maxBytes: number; tooLarge: () => Error }): Promise<Upload>;
  /** Makes the upload the object, at once for everybody and for good. Answers with its version, where those are kept. */
  commit(record: ObjectRecord): Promise<string | undefined>;
  discard(upload: Pick<Upload, "file">): void;
  /** Every version of every key with the prefix: keys in order, and of each the newest first. */
  versions(bucket: string, prefix: string): ObjectRecord[];
  /** Hides the object under a marker, whose version is answered; what it was stays. */
  mark(bucket: string, key: string, nowMs: number): Promise<string | undefined>;
  /** Takes one version away for good; what was before it is the object again if it was the newest. */
  removeVersion(record: ObjectRecord): Promise<void>;
  retain(record: ObjectRecord, retention: Retention): Promise<void>;
  remove(bucket: string, keys: string[]): Promise<void>;
  /** A descriptor of the object's bytes, which stays good if the object is replaced. The caller closes it. */
  open(object: Pick<ObjectRecord, "file">): number;
}

interface BucketValue {
  createdAtMs: number;
  versioned?: boolean;
  lock?: { defaultRetention?: DefaultRetention };
}

function newestFirst(a: ObjectRecord, b: ObjectRecord): number {
  return (b.serial ?? 0) - (a.serial ?? 0) || b.modifiedAtMs - a.modifiedAtMs;
}

export function openObjectStore(directory: string, journal: Journal): ObjectStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const objects = new Map<string, Map<string, ObjectRecord>>();
  /** Versions that are not the object, by bucket and key. */
  const older = new Map<string, Map<string, ObjectRecord[]>>();
  let serial = 0;
  for (const [key] of journal.entries) if (key.startsWith("s3/bucket/")) objects.set(key.slice(10), new Map());
  for (const [key, value] of journal.entries) {
    if (!key.startsWith("s3/object/")) continue;
    const record = value as ObjectRecord;
    objects.get(record.bucket)?.set(record.key, record);
  }
  const olderOf = (bucket: string, key: string): ObjectRecord[] => {
    const keys = older.get(bucket) ?? new Map<string, ObjectRecord[]>();
    older.set(bucket, keys);
    const list = keys.get(key) ?? [];
    keys.set(key, list);
    return list;
  };
  /** What was the object until now stays as a version, where those are kept. */
  const keep = (old: ObjectRecord | undefined) => {
    if (old?.versionId === undefined) return [];
    olderOf(old.bucket, old.key).push(old);
    return [{ key: versionKey(old.bucket, old.versionId), value: old }];
  };
  const versionKey = (bucket: string, versionId: string) => `s3/version/${bucket}/${versionId}`;
  const versions = () =>
    [...journal.entries].flatMap(([key, value]) => (key.startsWith("s3/version/") ? [value as ObjectRecord] : []));
  for (const record of versions()) olderOf(record.bucket, record.key).push(record);
  for (const record of [...versions(), ...[...objects.values()].flatMap((bucket) => [...bucket.values()])])
    serial = Math.max(serial, record.serial ?? 0);
  // What a crash left half-uploaded or replaced but not yet deleted.
  const used = new Set(
    [...[...objects.values()].flatMap((bucket) => [...bucket.values()]), ...versions()].map(({ file }) => file),
  );
  for (const file of readdirSync(directory)) if (!used.has(file)) rmSync(join(directory, file), { force: true });

  const keyOf = (bucket: string, key: string) => `s3/object/${bucket}/${key}`;
  const discard = ({ file }: { file: string }) => rmSync(join(directory, file), { force: true });
  const bucketValue = (bucket: string) => journal.entries.get(`s3/bucket/${bucket}`) as BucketValue | undefined;
  const isVersioned = (bucket: string) => bucketValue(bucket)?.versioned === true;

  return {
    hasBucket: (bucket) => objects.has(bucket),
    createBucket: async (bucket, nowMs, { lock = false } = {}) => {
      if (objects.has(bucket)) return;
      objects.set(bucket, new Map());
      const value: BucketValue = { createdAtMs: nowMs, ...(lock ? { versioned: true, lock: {} } : {}) };
      await journal.commit([{ key: `s3/bucket/${bucket}`, value }]);
    },
    lockOf: (bucket) => bucketValue(bucket)?.lock,
    setDefaultRetention: async (bucket, defaultRetention) => {
      const lock = defaultRetention === undefined ? {} : { defaultRetention };
      await journal.commit([{ key: `s3/bucket/${bucket}`, value: { ...bucketValue(bucket), lock } }]);
    },
    renameBucket: async (from, to) => {
      const found = objects.get(from);
      if (found === undefined || objects.has(to)) return;
      const moved = [...found.values()].map((record) => ({ ...record, bucket: to }));
      objects.delete(from);
      objects.set(to, new Map(moved.map((record) => [record.key, record])));
      await journal.commit([
        { key: `s3/bucket/${from}` },
        { key: `s3/bucket/${to}`, value: bucketValue(from) },
        ...moved.flatMap((record) => [{ key: keyOf(from, record.key) }, { key: keyOf(to, record.key), value: record }]),
      ]);
    },
    keepVersions: async (bucket) => {
      if (isVersioned(bucket)) return;
      await journal.commit([{ key: `s3/bucket/${bucket}`, value: { ...bucketValue(bucket), versioned: true } }]);
    },
    isVersioned,
    deleteBucket: async (bucket) => {
      objects.delete(bucket);
      await journal.commit([{ key: `s3/bucket/${bucket}` }]);
    },
    buckets: () =>
      [...objects.keys()].sort().map((name) => ({ name, createdAtMs: bucketValue(name)?.createdAtMs ?? 0 })),
    find: (bucket, key, versionId) => {
      const current = objects.get(bucket)?.get(key);
      if (versionId === undefined || current?.versionId === versionId) return current;
      return olderOf(bucket, key).find((version) => version.versionId === versionId && version.isMarker !== true);
    },
    list: (bucket, prefix) =>
      [...(objects.get(bucket)?.values() ?? [])]
        .filter(({ key }) => key.startsWith(prefix))
        .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key))),
    receive: async (source, limits) => {
      const file = randomUUID();
      const handle = await open(join(directory, file), "wx", 0o600);
      try {
        const md5 = createHash("md5");
        const sha256 = createHash("sha256");
        const running = checksumNames
          .filter((name) => name !== "sha256")
          .map((name) => ({ name, sum: startChecksum(name) }));
        let sizeBytes = 0;
        for await (const piece of source) {
          sizeBytes += piece.length;
          if (sizeBytes > limits.maxBytes) throw limits.tooLarge();
          md5.update(piece);
          sha256.update(piece);
          for (const { sum } of running) sum.update(piece);
          await handle.write(piece);
        }
        await handle.datasync();
        const sha256Bytes = sha256.digest();
        const digests = Object.fromEntries(running.map(({ name, sum }) => [name, sum.digest()]));
        return {
          file,
          sizeBytes,
          md5: md5.digest(),
          sha256Hex: sha256Bytes.toString("hex"),
          checksums: {
            crc32: digests.crc32 ?? "",
            crc32c: digests.crc32c ?? "",
            sha1: digests.sha1 ?? "",
            sha256: sha256Bytes.toString("base64"),
          },
        };
      } catch (error) {
        discard({ file });
        throw error;
      } finally {
        await handle.close();
      }
    },
    commit: async (record) => {
      // The name must be on disk before the journal speaks of it.
      syncDirectory(directory);
      const { bucket, key } = record;
      const old = objects.get(bucket)?.get(key);
      const made = isVersioned(bucket) ? { ...record, versionId: randomUUID(), serial: ++serial } : record;
      objects.get(bucket)?.set(key, made);
      await journal.commit([{ key: keyOf(bucket, key), value: made }, ...keep(old)]);
      if (old !== undefined && old.versionId === undefined) discard(old);
      return made.versionId;
    },
    discard,
    versions: (bucket, prefix) => {
      const all = [...(objects.get(bucket)?.values() ?? []), ...[...(older.get(bucket)?.values() ?? [])].flat()];
      return all
        .filter(({ key }) => key.startsWith(prefix))
        .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || newestFirst(a, b));
    },
    mark: async (bucket, key, nowMs) => {
      const old = objects.get(bucket)?.get(key);
      const versionId = randomUUID();
      const nothing = { file: "", sizeBytes: 0, etag: "", checksums: {}, headers: {} };
      const identity = { bucket, key, modifiedAtMs: nowMs, versionId, serial: ++serial };
      const marker: ObjectRecord = { ...nothing, ...identity, isMarker: true };
      objects.get(bucket)?.delete(key);
      olderOf(bucket, key).push(marker);
      await journal.commit([
        { key: keyOf(bucket, key) },
        ...keep(old),
        { key: versionKey(bucket, versionId), value: marker },
      ]);
      return versionId;
    },
    removeVersion: async (record) => {
      const { bucket, key, versionId = "" } = record;
      const current = objects.get(bucket)?.get(key);
      const wasCurrent = current?.versionId === versionId;
      const rest = olderOf(bucket, key).filter((version) => version.versionId !== versionId);
      const [next] = wasCurrent || current === undefined ? rest.toSorted(newestFirst) : [];
      const promoted = next?.isMarker === true ? undefined : next;
      if (wasCurrent) objects.get(bucket)?.delete(key);
      if (promoted !== undefined) objects.get(bucket)?.set(key, promoted);
      older.get(bucket)?.set(
        key,
        rest.filter((version) => version !== promoted),
      );
      await journal.commit([
        { key: versionKey(bucket, versionId) },
        ...(wasCurrent && promoted === undefined ? [{ key: keyOf(bucket, key) }] : []),
        ...(promoted === undefined
          ? []
          : [{ key: versionKey(bucket, promoted.versionId ?? "") }, { key: keyOf(bucket, key), value: promoted }]),
      ]);
      if (record.isMarker !== true) discard(record);
    },
    retain: async (record, retention) => {
      const { bucket, key, versionId = "" } = record;
      const kept = { ...record, retention };
      const isCurrent = objects.get(bucket)?.get(key)?.versionId === versionId;
      if (isCurrent) objects.get(bucket)?.set(key, kept);
      else {
        const versions = olderOf(bucket, key);
        versions.splice(versions.indexOf(record), 1, kept);
      }
      await journal.commit([{ key: isCurrent ? keyOf(bucket, key) : versionKey(bucket, versionId), value: kept }]);
    },
    remove: async (bucket, keys) => {
      const found = keys.flatMap((key) => objects.get(bucket)?.get(key) ?? []);
      for (const { key } of found) objects.get(bucket)?.delete(key);
      await journal.commit(found.map(({ key }) => ({ key: keyOf(bucket, key) })));
      for (const record of found) discard(record);
    },
    open: ({ file }) => openSync(join(directory, file), "r"),
  };
}
