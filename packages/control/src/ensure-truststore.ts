import type { VersionedObjects } from "@steward/aws/versioned-objects";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";
import { truststoreSchema } from "@steward/contracts/stage-parameters";
import type { z } from "zod";
import type { ParameterStore } from "./ensure-ca-certificate.ts";

type Truststore = z.infer<typeof truststoreSchema>;
/** What was done about a thing that has to be there. */
export type Done = "made" | "repaired" | "kept";

const key = "truststore.pem";
const attempts = 5;

/**
 * The truststore of the nodes door, and the parameter that says which version of it counts. A version that holds the CA
 * stays in force, also when there is a newer one: which one that is, is somebody's decision. Certificates that others put
 * in stay beside the CA. Every write is conditional, so two who do this at once end with one truststore, and whoever is
 * killed leaves the rest for the next.
 */
export async function ensureTruststore(deps: {
  stage: string;
  bucket: string;
  caPem: string;
  objects: VersionedObjects;
  parameters: ParameterStore;
}): Promise<Truststore & { object: Done; parameter: Done }> {
  const { bucket, caPem, objects, parameters } = deps;
  const name = resourceNames(deps.stage).parameter("truststore");
  for (let attempt = 0; attempt < attempts; attempt++) {
    const text = await parameters.get(name);
    const pinned = text === undefined ? undefined : parse(text);
    if (pinned !== undefined && (await holds(objects, pinned, caPem)))
      return { ...pinned, object: "kept", parameter: "kept" };

    const newest = await objects.get(bucket, key);
    const isThere = newest !== undefined && hasAll(newest.text, caPem);
    const content = newest === undefined ? caPem : `${newest.text.trimEnd()}\n${caPem}`;
    const version = isThere ? newest.version : await objects.put(bucket, key, content, newest?.etag);
    if (version === undefined) continue;

    const truststore: Truststore = { uri: `s3://${bucket}/${key}`, version };
    const object = isThere ? "kept" : newest === undefined ? "made" : "repaired";
    const value = JSON.stringify(truststore);
    if (text !== undefined) {
      await parameters.put(name, value);
      return { ...truststore, object, parameter: "repaired" };
    }
    if (await parameters.create(name, value)) return { ...truststore, object, parameter: "made" };
  }
  throw new AppError("conflict", `others write the truststore of ${deps.stage} at the same time, again and again`, {
    next: "Try again when they are done.",
  });
}

/** A parameter that nobody can read is no pin: it is written anew. */
function parse(text: string): Truststore | undefined {
  try {
    return truststoreSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function holds(objects: VersionedObjects, { uri, version }: Truststore, caPem: string): Promise<boolean> {
  const [, bucket = "", path = ""] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  const pinned = await objects.get(bucket, path, version);
  return pinned !== undefined && hasAll(pinned.text, caPem);
}

/** The certificates of a PEM file, however their lines are broken. */
function blocksOf(pem: string): string[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)].map(([, body = ""]) =>
    body.replaceAll(/\s/g, ""),
  );
}

/** While the CA is rotated it has two certificates. */
function hasAll(pem: string, caPem: string): boolean {
  const blocks = blocksOf(pem);
  return blocksOf(caPem).every((block) => blocks.includes(block));
}
