import { DeleteObjectsCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { AppError } from "@steward/contracts/errors";
import { calling } from "./faults.ts";

export interface ObjectRemover {
  /** Removes up to 1,000 objects of a folder. `more`: there may be further ones. */
  removeBelow(bucket: string, folder: string): Promise<{ removed: number; more: boolean }>;
}

export function createObjectRemover(s3: S3Client): ObjectRemover {
  return {
    removeBelow: (bucket, folder) =>
      calling(`remove objects of ${bucket}`, async () => {
        // Without the slash, whoever's name begins like this one's would lose his as well.
        if (!/^[^/]+\/$/.test(folder)) {
          throw new AppError("internal", `${folder} is not one tenant's folder`, { retryable: false });
        }
        const listed = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, MaxKeys: 1_000 }));
        const keys = (listed.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
        if (keys.length === 0) return { removed: 0, more: false };
        const answer = await s3.send(
          new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys, Quiet: true } }),
        );
        const [failed] = answer.Errors ?? [];
        if (failed !== undefined) {
          throw new AppError("unavailable", `S3 did not remove ${failed.Key}: ${failed.Code}`);
        }
        return { removed: keys.length, more: listed.IsTruncated === true };
      }),
  };
}
