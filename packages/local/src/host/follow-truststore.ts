import { setTimeout as pause } from "node:timers/promises";
import { createS3 } from "@steward/aws/clients/s3";
import { createSsm } from "@steward/aws/clients/ssm";
import { getParameter } from "@steward/aws/parameters";
import { createVersionedObjects } from "@steward/aws/versioned-objects";
import type { resourceNames } from "@steward/contracts/names";
import { truststoreSchema } from "@steward/contracts/stage-parameters";

/**
 * Keeps the nodes door to the truststore that is published: what on AWS a deploy does. Until
 * somebody has published one (a rotation), the CA's own certificate is what counts.
 */
export async function followTruststore(options: {
  cloud: Parameters<typeof createSsm>[0];
  names: ReturnType<typeof resourceNames>;
  /** The certificates that the door lets in. */
  load: (pem: string, version: string) => void;
  everyMs: number;
  signal: AbortSignal;
}): Promise<void> {
  const { cloud, names, load, everyMs, signal } = options;
  const ssm = createSsm({ ...cloud, maxAttempts: 1 });
  const objects = createVersionedObjects(createS3({ ...cloud, maxAttempts: 1 }));
  let loaded: string | undefined;
  while (!signal.aborted) {
    try {
      const text = await getParameter(ssm, names.parameter("truststore"));
      const truststore = text === undefined ? undefined : truststoreSchema.parse(JSON.parse(text));
      if (truststore !== undefined && truststore.version !== loaded) {
        const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/(.+)$/.exec(truststore.uri) ?? [];
        const pem = await objects.get(bucket, key, truststore.version);
        if (pem !== undefined) {
          load(pem.text, truststore.version);
          loaded = truststore.version;
        }
      }
    } catch {
      // The cloud is starting again: the door stays as it is, and the next look finds it.
    }
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
