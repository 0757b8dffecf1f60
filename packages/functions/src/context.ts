import { createHash, randomBytes } from "node:crypto";
import { createDynamo } from "@steward/aws/clients/dynamo";
import type { FetchOutside } from "@steward/aws/outside/fetch-outside";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { type KeyRing, keyRingSchema } from "@steward/contracts/key-ring";
import { bucketNames, type ParameterName, resourceNames, type SigningKeyUse } from "@steward/contracts/names";
import { signedDocumentSchema } from "@steward/contracts/signed";
import type { Context, WithObjects } from "@steward/control/context";
import { readRelease } from "@steward/control/read-release";
import { env } from "./env.ts";
import { createLog } from "./log.ts";
import { createMeter } from "./metrics.ts";
import { createServices, type Services } from "./services.ts";

/**
 * What every function's use cases are given. Making it calls nothing: each part is used with the function's own rights.
 * Without the catalogue, whose schemas take longer to make than most functions run: whoever needs it adds it.
 */
export interface FunctionContext extends Omit<Context, "actions">, WithObjects {
  services: Services;
  fleetBucket: string;
  names: ReturnType<typeof resourceNames>;
  /** A parameter that must be there. At most 60 s old. */
  parameter: (name: ParameterName) => Promise<string>;
  /** The accepted keys of a use, at most 60 s old; undefined before the first rotation. */
  keyRing: (use: SigningKeyUse) => Promise<KeyRing | undefined>;
  /** sha256 (hex) of the root's public key: what an invited machine is shown. */
  rootFingerprint: () => Promise<string>;
  /** The one way to a URL that somebody gave. */
  fetchOutside: FetchOutside;
  /** Throws `unprocessable` for a URL that could never be called. */
  checkOutsideUrl: (url: string) => Promise<void>;
  /** The AWS account that this is. */
  account: string;
}

/** `scans`: whether it may look through the whole table. */
export function createContext(functionName: string, { scans = false }: { scans?: boolean } = {}): FunctionContext {
  const {
    STEWARD_STAGE: stage,
    STEWARD_ACCOUNT: account,
    STEWARD_JOB_DEADLINE_SECONDS: deadlineSeconds,
    STEWARD_LEASE_SECONDS: leaseSeconds,
    STEWARD_OUTSIDE_HOSTS: outsideHosts,
    STEWARD_WORKER_START_SECONDS: workerStartSeconds,
  } = env();
  const services = createServices({ stage, account });
  const names = resourceNames(stage);
  const buckets = bucketNames(stage, account);
  const parameter = async (name: ParameterName) => {
    const value = await services.parameters.get(names.parameter(name), { cached: true });
    if (value !== undefined) return value;
    throw new AppError("unavailable", `${names.parameter(name)} is not set`, {
      next: "Set the stage up: npm start does it locally, steward bootstrap on AWS.",
    });
  };
  const listedHosts = new Set(outsideHosts);
  const { objects } = services;
  const log = createLog(functionName, stage);
  // The parameter names the object: a release outgrows what a parameter may hold (8 KB).
  const release = remembered(async (key: string) => {
    const stored = await objects.get(buckets.bundles, key);
    if (stored === undefined) throw new AppError("unavailable", `the release ${key} is not in its bucket`);
    return readRelease(Buffer.from(stored).toString("utf8"));
  });
  const readRing = remembered(async (text: string) => keyRingSchema.parse(JSON.parse(text)));
  const trust = remembered(async (text: string) => signedDocumentSchema.parse(JSON.parse(text)));
  return {
    services,
    names,
    parameter,
    keyRing: async (use) => {
      const text = await services.parameters.get(names.parameter(`key-ring/${use}`), { cached: true });
      return text === undefined ? undefined : readRing(text);
    },
    rootFingerprint: async () => sha256Hex(Buffer.from(await parameter("root-public-key"), "base64")),
    fetchOutside: async (url, request) => {
      const { fetchOutside } = await import("@steward/aws/outside/fetch-outside");
      return fetchOutside(url, request, { listedHosts });
    },
    checkOutsideUrl: async (url) => {
      const { readOutsideUrl } = await import("@steward/aws/outside/outside-url");
      readOutsideUrl(url, listedHosts);
    },
    stage,
    account,
    table: { client: createDynamo({ fence: { log, scans } }), name: names.table },
    queues: services.queues,
    nowMs: () => Date.now(),
    secret: () => randomBytes(32).toString("base64url"),
    ...(workerStartSeconds === undefined ? {} : { workerStartSeconds }),
    jobTimes: {
      ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
      ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
    },
    release: async () => release(await parameter("release")),
    trust: async () => trust(await parameter("trust-document")),
    log,
    meter: createMeter(stage),
    objects,
    outputBucket: buckets.outputs,
    bundleBucket: buckets.bundles,
    fleetBucket: buckets.fleet,
  };
}

/** Parses a text once for as long as it stays the same. */
function remembered<T>(parse: (text: string) => Promise<T>): (text: string) => Promise<T> {
  let last: { text: string; value: Promise<T> } | undefined;
  return (text) => {
    if (last?.text !== text) {
      const value = parse(text);
      last = { text, value };
      // What could not be read is not remembered: the next caller tries again.
      value.catch(() => {
        if (last?.value === value) last = undefined;
      });
    }
    return last.value;
  };
}

/** A key of 32 bytes from a secret text of any length. */
export function keyFromSecret(secret: string): Uint8Array {
  return createHash("sha256").update(secret).digest();
}
