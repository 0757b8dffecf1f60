import { DeleteObjectsCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { AppError } from "@steward/contracts/errors";
import { calling } from "./faults.ts";

export interface ObjectRemover {
  /** Removes up to 1,000 objects of a folder. `more`: there may be further ones. */
  removeBelow(bucket: string, folder: string): Promise<{ removed: number; more: boolean }>;
  /**
   * Removes up to 1,000 objects of a folder whose keys sort before `beforeKey` and that were stored before `beforeMs`. Reads
   * no further than that key.
   */
  removeOld(
    bucket: string,
    folder: string,
    bounds: { beforeKey: string; beforeMs: number },
  ): Promise<{ removed: number; more: boolean }>;
}

export function createObjectRemover(s3: S3Client): ObjectRemover {
  async function remove(bucket: string, keys: { Key: string }[]): Promise<void> {
    if (keys.length === 0) return;
    const answer = await s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys, Quiet: true } }));
    const [failed] = answer.Errors ?? [];
    if (failed !== undefined) throw new AppError("unavailable", `S3 did not remove ${failed.Key}: ${failed.Code}`);
  }

  const list = (bucket: string, folder: string) => {
    // Without the slash, whoever's name begins like this one's would lose his as well.
    if (!/^[^/]+\/$/.test(folder)) {
      throw new AppError("internal", `${folder} is not one tenant's folder`, { retryable: false });
    }
    return s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, MaxKeys: 1_000 }));
  };

  return {
    removeBelow: (bucket, folder) =>
      calling(`remove objects of ${bucket}`, async () => {
        const listed = await list(bucket, folder);
        const keys = (listed.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
        await remove(bucket, keys);
        return { removed: keys.length, more: keys.length > 0 && listed.IsTruncated === true };
      }),
    removeOld: (bucket, folder, { beforeKey, beforeMs }) =>
      calling(`remove old objects of ${bucket}`, async () => {
        const listed = await list(bucket, folder);
        const keys = (listed.Contents ?? []).flatMap(({ Key, LastModified }) =>
          Key !== undefined && Key < beforeKey && (LastModified?.getTime() ?? Number.POSITIVE_INFINITY) < beforeMs
            ? [{ Key }]
            : [],
        );
        await remove(bucket, keys);
        return { removed: keys.length, more: keys.length === 1_000 };
      }),
  };
}
