import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { calling, httpStatusOf, isNamed } from "./faults.ts";

export interface Objects {
  put(bucket: string, key: string, body: Uint8Array | string, options?: { contentType?: string }): Promise<void>;
  /** Undefined where there is none. */
  get(bucket: string, key: string): Promise<Uint8Array | undefined>;
  /** The object unless its ETag is the one that the caller has; undefined where there is none. */
  getUnless(
    bucket: string,
    key: string,
    etag: string | undefined,
  ): Promise<{ kind: "same" } | { kind: "object"; etag: string; body: Uint8Array } | undefined>;
  /** Undefined where there is none. */
  head(bucket: string, key: string): Promise<{ bytes: number; lastModifiedMs: number } | undefined>;
  exists(bucket: string, key: string): Promise<boolean>;
  /** An address to fetch the object from, for so many seconds, by whoever has it. */
  presignedGet(bucket: string, key: string, seconds: number): Promise<string>;
  /**
   * An address to put exactly these bytes to, once: length, sha256 and "only if there is none" are signed. `headers` go
   * along with the upload as they are. S3 answers 412 when the object is there already.
   */
  presignedPut(
    bucket: string,
    key: string,
    upload: { sha256Hex: string; bytes: number; seconds: number },
  ): Promise<{ url: string; headers: Record<string, string> }>;
}

export function createObjects(s3: S3Client): Objects {
  const head: Objects["head"] = (bucket, key) =>
    calling(`look at an object in ${bucket}`, async () => {
      try {
        const answer = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return { bytes: answer.ContentLength ?? 0, lastModifiedMs: answer.LastModified?.getTime() ?? 0 };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    });

  return {
    head,

    async put(bucket, key, body, { contentType } = {}) {
      await calling(`store an object in ${bucket}`, () =>
        s3.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ...(contentType === undefined ? {} : { ContentType: contentType }),
          }),
        ),
      );
    },

    async get(bucket, key) {
      return calling(`fetch an object of ${bucket}`, async () => {
        try {
          const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
          return await answer.Body?.transformToByteArray();
        } catch (error) {
          if (isAbsent(error)) return undefined;
          throw error;
        }
      });
    },

    async getUnless(bucket, key, etag) {
      return calling(`fetch an object of ${bucket}`, async () => {
        try {
          const answer = await s3.send(
            new GetObjectCommand({ Bucket: bucket, Key: key, ...(etag === undefined ? {} : { IfNoneMatch: etag }) }),
          );
          const body = await answer.Body?.transformToByteArray();
          return body === undefined ? undefined : { kind: "object", etag: answer.ETag ?? "", body };
        } catch (error) {
          if (httpStatusOf(error) === 304) return { kind: "same" };
          if (isAbsent(error)) return undefined;
          throw error;
        }
      });
    },

    async exists(bucket, key) {
      return (await head(bucket, key)) !== undefined;
    },

    async presignedGet(bucket, key, seconds) {
      return getSignedUrl(s3, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: seconds });
    },

    async presignedPut(bucket, key, { sha256Hex, bytes, seconds }) {
      const checksum = Buffer.from(sha256Hex, "hex").toString("base64");
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        ContentLength: bytes,
        ChecksumSHA256: checksum,
        IfNoneMatch: "*",
      });
      const url = await getSignedUrl(s3, command, {
        expiresIn: seconds,
        // As a header of the upload, not in the address: S3 compares it with the bytes that it receives.
        unhoistableHeaders: new Set(["x-amz-checksum-sha256"]),
      });
      return { url, headers: { "x-amz-checksum-sha256": checksum, "if-none-match": "*" } };
    },
  };
}

/** S3 says `NotFound` to a HEAD, which has no body to say more in. */
function isAbsent(error: unknown): boolean {
  return isNamed(error, "NoSuchKey", "NotFound") || httpStatusOf(error) === 404;
}
