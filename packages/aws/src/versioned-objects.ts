import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { AppError } from "@steward/contracts/errors";
import { calling, httpStatusOf, isNamed } from "./faults.ts";

/** An object of a bucket that keeps versions. */
export interface VersionedText {
  text: string;
  version: string;
  etag: string;
}

/** Texts in a bucket that keeps versions: every one stays, and nobody writes over what he has not seen. */
export interface VersionedObjects {
  /** The newest, or that version; undefined where there is none. */
  get(bucket: string, key: string, version?: string): Promise<VersionedText | undefined>;
  /**
   * Puts the text in the place of the one with that ETag, or where there is none: the new version. Undefined, and nothing
   * changed, when somebody else was first.
   */
  put(bucket: string, key: string, text: string, replaces: string | undefined): Promise<string | undefined>;
}

export function createVersionedObjects(s3: S3Client): VersionedObjects {
  return {
    get: (bucket, key, version) =>
      calling(`fetch ${key} of ${bucket}`, async () => {
        try {
          const answer = await s3.send(
            new GetObjectCommand({
              Bucket: bucket,
              Key: key,
              ...(version === undefined ? {} : { VersionId: version }),
            }),
          );
          const text = (await answer.Body?.transformToString()) ?? "";
          return { text, version: versionOf(bucket, answer.VersionId), etag: answer.ETag ?? "" };
        } catch (error) {
          if (isNamed(error, "NoSuchKey", "NoSuchVersion")) return undefined;
          // What no version was ever called.
          if (version !== undefined && isNamed(error, "InvalidArgument")) return undefined;
          if (isNamed(error, "NoSuchBucket"))
            throw new AppError("not_found", `there is no bucket ${bucket}`, {
              next: "Deploy this stage's stacks first.",
            });
          throw error;
        }
      }),

    put: (bucket, key, text, replaces) =>
      calling(`store ${key} in ${bucket}`, async () => {
        try {
          const answer = await s3.send(
            new PutObjectCommand({
              Bucket: bucket,
              Key: key,
              Body: text,
              ContentType: "text/plain",
              ...(replaces === undefined ? { IfNoneMatch: "*" } : { IfMatch: replaces }),
            }),
          );
          return versionOf(bucket, answer.VersionId);
        } catch (error) {
          // 409: another conditional write is under way at this moment.
          const status = httpStatusOf(error);
          if (status === 412 || status === 409 || isNamed(error, "NoSuchKey")) return undefined;
          throw error;
        }
      }),
  };
}

/** `null` is what S3 calls the one version of an object where versions are off. */
function versionOf(bucket: string, version: string | undefined): string {
  if (version !== undefined && version !== "null") return version;
  throw new AppError("unprocessable", `the bucket ${bucket} keeps no versions`, {
    next: "Turn its versioning on: deploying this stage's stacks does.",
  });
}
