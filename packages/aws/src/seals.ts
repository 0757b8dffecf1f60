import { createHash } from "node:crypto";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { sealFolder, sealKey, sequenceOfKey } from "@steward/contracts/seal";
import { calling, httpStatusOf, isNamed } from "./faults.ts";

/** A seal's object: how often it was written, and the version that was first. */
export interface ListedSeal {
  sequence: number;
  firstVersion: string;
  versions: number;
}

/**
 * The bucket of seals. It keeps versions under object lock, with a retention that the bucket itself gives to each: what was
 * put first stays and can be told from what came later, whoever writes.
 */
export interface Seals {
  /** False, and nothing written, where there is a seal of that sequence. */
  put(sequence: number, text: string): Promise<boolean>;
  /** What is there now; undefined where there is none. */
  get(sequence: number): Promise<string | undefined>;
  has(sequence: number): Promise<boolean>;
  /** From a sequence on, in order, at most `limit`; `more`: there are further ones. */
  list(from: number, limit: number): Promise<{ seals: ListedSeal[]; more: boolean }>;
  getVersion(seal: ListedSeal): Promise<string>;
}

export function createSeals(s3: S3Client, bucket: string): Seals {
  return {
    put: (sequence, text) =>
      calling(`store the seal ${sequence}`, async () => {
        try {
          await s3.send(
            new PutObjectCommand({
              Bucket: bucket,
              Key: sealKey(sequence),
              Body: text,
              ContentType: "application/json",
              IfNoneMatch: "*",
              // S3 takes nothing that will be under lock without a checksum.
              ChecksumSHA256: createHash("sha256").update(text).digest("base64"),
            }),
          );
          return true;
        } catch (error) {
          // 409: another conditional write is under way at this moment.
          const status = httpStatusOf(error);
          if (status === 412 || status === 409) return false;
          throw error;
        }
      }),

    get: (sequence) =>
      calling(`fetch the seal ${sequence}`, async () => {
        try {
          const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: sealKey(sequence) }));
          return await answer.Body?.transformToString();
        } catch (error) {
          if (isNamed(error, "NoSuchKey")) return undefined;
          throw error;
        }
      }),

    has: (sequence) =>
      calling(`look for the seal ${sequence}`, async () => {
        try {
          await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: sealKey(sequence) }));
          return true;
        } catch (error) {
          if (isNamed(error, "NotFound", "NoSuchKey")) return false;
          throw error;
        }
      }),

    list: async (from, limit) => {
      const found = new Map<number, ListedSeal>();
      let next: Pick<ListObjectVersionsCommandOutput, "NextKeyMarker" | "NextVersionIdMarker"> = {
        // What comes after it, in the order of text, begins with `from` itself.
        NextKeyMarker: from <= 1 ? undefined : sealKey(from - 1),
      };
      // One more than wanted: only when the next one begins are all versions of the last one known.
      for (;;) {
        const answer: ListObjectVersionsCommandOutput = await calling("list the seals", () =>
          s3.send(
            new ListObjectVersionsCommand({
              Bucket: bucket,
              Prefix: sealFolder,
              MaxKeys: Math.min(1_000, limit + 1),
              KeyMarker: next.NextKeyMarker,
              VersionIdMarker: next.NextVersionIdMarker,
            }),
          ),
        );
        // Of one key the newest version comes first: the last one that is seen is the one that was first.
        for (const { Key, VersionId } of answer.Versions ?? []) note(found, Key, VersionId);
        // A marker hides what is under it; it is as much somebody's doing as a second version.
        for (const { Key } of answer.DeleteMarkers ?? []) note(found, Key, undefined);
        if (answer.IsTruncated !== true || found.size > limit) break;
        next = answer;
      }
      const seals = [...found.values()]
        .filter(({ firstVersion }) => firstVersion !== "")
        .toSorted((a, b) => a.sequence - b.sequence);
      return { seals: seals.slice(0, limit), more: seals.length > limit };
    },

    getVersion: ({ sequence, firstVersion }) =>
      calling(`fetch the seal ${sequence} as it was first`, async () => {
        const answer = await s3.send(
          new GetObjectCommand({ Bucket: bucket, Key: sealKey(sequence), VersionId: firstVersion }),
        );
        return (await answer.Body?.transformToString()) ?? "";
      }),
  };
}

function note(found: Map<number, ListedSeal>, key: string | undefined, versionId: string | undefined): void {
  const sequence = sequenceOfKey(key ?? "");
  if (sequence === undefined) return;
  const before = found.get(sequence);
  found.set(sequence, {
    sequence,
    firstVersion: versionId ?? before?.firstVersion ?? "",
    versions: (before?.versions ?? 0) + 1,
  });
}
