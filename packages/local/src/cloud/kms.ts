import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import { z } from "zod";
import type { Journal } from "./journal.ts";
import {
  type Caller,
  type CloudContext,
  type Operations,
  operation,
  page,
  ServiceError,
  toSeconds,
} from "./service.ts";

/** Stored under `kms/key/{id}`. The private key lies in the state folder in the clear (0600): this is not a vault. */
interface KeyRecord {
  id: string;
  description: string;
  createdAtMs: number;
  privateKeyPem: string;
  enabled: boolean;
  /** Absent in the records of older installations. */
  tags?: Record<string, string>;
  policy?: string;
  /** When it is gone for good. */
  deletionAtMs?: number;
}

const algorithm = "ECDSA_SHA_256";
/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
const maxMessageBytes = 4096;

export interface Kms {
  operations: Operations;
  /** Creates the key behind an alias unless it is there. */
  ensureKey(alias: string): Promise<void>;
}

/** KMS asymmetric signing keys (ECC_NIST_P256, SIGN_VERIFY). */
export function createKms(context: CloudContext, journal: Journal): Kms {
  const parsedKeys = new Map<string, KeyObject>();
  const arnOf = (id: string) => `arn:aws:kms:${context.region}:${context.accountId}:key/${id}`;
  const aliasArnOf = (name: string) => `arn:aws:kms:${context.region}:${context.accountId}:${name}`;
  const keyOf = (id: string): KeyRecord | undefined => {
    const key = journal.entries.get(`kms/key/${id}`) as KeyRecord | undefined;
    return key?.deletionAtMs !== undefined && key.deletionAtMs <= context.now() ? undefined : key;
  };
  const aliases = (): [string, string][] =>
    [...journal.entries].flatMap(([key, value]) =>
      key.startsWith("kms/alias/") ? [[key.slice("kms/".length), String(value)] as [string, string]] : [],
    );

  const notFound = (reference: string) =>
    new ServiceError(
      "NotFoundException",
      reference.includes("alias/") ? `Alias ${reference} is not found.` : `Key '${reference}' does not exist`,
    );

  /** The key meant by an id, an ARN, an alias or an alias' ARN, after the caller's right to do this with it. */
  const find = (caller: Caller, action: string, reference: string): KeyRecord => {
    const name = reference.startsWith("arn:") ? reference.split(":").slice(5).join(":") : reference;
    const id = name.startsWith("alias/") ? journal.entries.get(`kms/${name}`) : name.replace(/^key\//, "");
    const key = typeof id === "string" ? keyOf(id) : undefined;
    // Grants name aliases, as roles do on AWS (`kms:ResourceAliases`): a call by id counts as one by any of the key's, and
    // one by an alias as well. While a key is rotated, a neighbour of the alias is as good (`keyAliases`).
    const names =
      key === undefined
        ? []
        : aliases().flatMap(([alias, target]) =>
            target === key.id ? [alias, alias.replace(/-(next|previous)$/, "")] : [],
          );
    caller.require(`kms:${action}`, name, ...names);
    if (key === undefined) throw notFound(reference);
    return key;
  };

  const privateKeyOf = (key: KeyRecord): KeyObject => {
    let parsed = parsedKeys.get(key.id);
    if (parsed === undefined) {
      parsed = createPrivateKey(key.privateKeyPem);
      parsedKeys.set(key.id, parsed);
    }
    return parsed;
  };

  const inUse = (key: KeyRecord) => {
    if (key.deletionAtMs !== undefined)
      throw new ServiceError("KMSInvalidStateException", `${arnOf(key.id)} is pending deletion.`);
    if (!key.enabled) throw new ServiceError("DisabledException", `${arnOf(key.id)} is disabled.`);
  };

  const usable = (key: KeyRecord, requested: string) => {
    inUse(key);
    if (requested !== algorithm)
      throw new ServiceError("InvalidKeyUsageException", `${arnOf(key.id)} signs with ${algorithm}, not ${requested}.`);
  };

  const metadata = (key: KeyRecord) => ({
    AWSAccountId: context.accountId,
    KeyId: key.id,
    Arn: arnOf(key.id),
    CreationDate: toSeconds(key.createdAtMs),
    Enabled: key.enabled && key.deletionAtMs === undefined,
    Description: key.description,
    KeyUsage: "SIGN_VERIFY",
    KeyState: key.deletionAtMs !== undefined ? "PendingDeletion" : key.enabled ? "Enabled" : "Disabled",
    ...(key.deletionAtMs === undefined ? {} : { DeletionDate: toSeconds(key.deletionAtMs) }),
    Origin: "AWS_KMS",
    KeyManager: "CUSTOMER",
    CustomerMasterKeySpec: "ECC_NIST_P256",
    KeySpec: "ECC_NIST_P256",
    SigningAlgorithms: [algorithm],
    MultiRegion: false,
  });

  const change = async (key: KeyRecord, changes: Partial<KeyRecord>) => {
    await journal.commit([{ key: `kms/key/${key.id}`, value: { ...key, ...changes } }]);
  };

  const createKey = async (
    description: string,
    more: { tags?: Record<string, string>; policy?: string } = {},
  ): Promise<KeyRecord> => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key: KeyRecord = {
      id: randomUUID(),
      description,
      createdAtMs: context.now(),
      privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      enabled: true,
      ...more,
    };
    await journal.commit([{ key: `kms/key/${key.id}`, value: key }]);
    return key;
  };

  const message = (input: { Message: string; MessageType: "RAW" | "DIGEST" }): Buffer => {
    const bytes = Buffer.from(input.Message, "base64");
    if (bytes.length === 0 || bytes.length > maxMessageBytes)
      throw new ServiceError(
        "ValidationException",
        `Value at 'message' failed to satisfy constraint: 1 to ${maxMessageBytes} bytes. Sign a DIGEST of longer ones.`,
      );
    if (input.MessageType === "DIGEST" && bytes.length !== 32)
      throw new ServiceError("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
    return bytes;
  };

  const messageFields = {
    KeyId: z.string().min(1),
    Message: z.string(),
    MessageType: z.enum(["RAW", "DIGEST"]).default("RAW"),
    SigningAlgorithm: z.string(),
  };

  const operations: Operations = {
    CreateKey: operation(
      z.object({
        Description: z.string().max(8192).default(""),
        KeySpec: z.string().optional(),
        CustomerMasterKeySpec: z.string().optional(),
        KeyUsage: z.string().optional(),
        Policy: z.string().max(32_768).optional(),
        Tags: z.array(z.object({ TagKey: z.string().min(1).max(128), TagValue: z.string().max(256) })).default([]),
      }),
      async (input, caller) => {
        caller.require("kms:CreateKey", "*");
        const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT";
        if (spec !== "ECC_NIST_P256" || input.KeyUsage !== "SIGN_VERIFY")
          throw new ServiceError(
            "UnsupportedOperationException",
            "The local cloud makes KeySpec ECC_NIST_P256 keys with KeyUsage SIGN_VERIFY only.",
          );
        if (input.Policy !== undefined && !isJson(input.Policy))
          throw new ServiceError("MalformedPolicyDocumentException", "The policy is no JSON.");
        const key = await createKey(input.Description, {
          tags: Object.fromEntries(input.Tags.map(({ TagKey, TagValue }) => [TagKey, TagValue])),
          ...(input.Policy === undefined ? {} : { policy: input.Policy }),
        });
        return { KeyMetadata: metadata(key) };
      },
    ),
    CreateAlias: operation(z.object({ AliasName: z.string(), TargetKeyId: z.string() }), async (input, caller) => {
      caller.require("kms:CreateAlias", input.AliasName);
      if (!/^alias\/[A-Za-z0-9/_-]+$/.test(input.AliasName) || input.AliasName.startsWith("alias/aws/"))
        throw new ServiceError("InvalidAliasNameException", "An alias is alias/ and then letters, digits, /, _ or -.");
      const id = input.TargetKeyId.split("/").at(-1) ?? "";
      if (keyOf(id) === undefined) throw notFound(input.TargetKeyId);
      if (journal.entries.has(`kms/${input.AliasName}`))
        throw new ServiceError(
          "AlreadyExistsException",
          `An alias with the name ${aliasArnOf(input.AliasName)} already exists`,
        );
      await journal.commit([{ key: `kms/${input.AliasName}`, value: id }]);
      return {};
    }),
    UpdateAlias: operation(z.object({ AliasName: z.string(), TargetKeyId: z.string() }), async (input, caller) => {
      caller.require("kms:UpdateAlias", input.AliasName);
      const id = input.TargetKeyId.split("/").at(-1) ?? "";
      const key = keyOf(id);
      if (key === undefined) throw notFound(input.TargetKeyId);
      if (!journal.entries.has(`kms/${input.AliasName}`)) throw notFound(aliasArnOf(input.AliasName));
      if (key.deletionAtMs !== undefined)
        throw new ServiceError("KMSInvalidStateException", `${arnOf(id)} is pending deletion.`);
      await journal.commit([{ key: `kms/${input.AliasName}`, value: id }]);
      return {};
    }),
    DeleteAlias: operation(z.object({ AliasName: z.string() }), async (input, caller) => {
      caller.require("kms:DeleteAlias", input.AliasName);
      if (!journal.entries.has(`kms/${input.AliasName}`)) throw notFound(aliasArnOf(input.AliasName));
      await journal.commit([{ key: `kms/${input.AliasName}` }]);
      return {};
    }),
    ListKeys: operation(
      z.object({ Limit: z.int().min(1).max(1000).default(100), Marker: z.string().optional() }),
      (input, caller) => {
        caller.require("kms:ListKeys", "*");
        const ids = [...journal.entries.keys()].flatMap((name) => {
          const id = name.startsWith("kms/key/") ? name.slice("kms/key/".length) : "";
          return keyOf(id) === undefined ? [] : [id];
        });
        const { items, nextToken } = page(ids.sort(), (id) => id, {
          limit: input.Limit,
          token: input.Marker,
          badToken: () => new ServiceError("InvalidMarkerException", "The marker is not one of ours."),
        });
        return {
          Keys: items.map((id) => ({ KeyId: id, KeyArn: arnOf(id) })),
          Truncated: nextToken !== undefined,
          NextMarker: nextToken,
        };
      },
    ),
    ListResourceTags: operation(z.object({ KeyId: z.string().min(1) }), (input, caller) => {
      const { tags = {} } = find(caller, "ListResourceTags", input.KeyId);
      return { Tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })), Truncated: false };
    }),
    GetKeyPolicy: operation(
      z.object({ KeyId: z.string().min(1), PolicyName: z.literal("default").default("default") }),
      (input, caller) => {
        const { policy } = find(caller, "GetKeyPolicy", input.KeyId);
        return { PolicyName: input.PolicyName, Policy: policy ?? defaultPolicy(context.accountId) };
      },
    ),
    DisableKey: operation(z.object({ KeyId: z.string().min(1) }), async (input, caller) => {
      const key = find(caller, "DisableKey", input.KeyId);
      if (key.deletionAtMs !== undefined)
        throw new ServiceError("KMSInvalidStateException", `${arnOf(key.id)} is pending deletion.`);
      await change(key, { enabled: false });
      return {};
    }),
    ScheduleKeyDeletion: operation(
      z.object({ KeyId: z.string().min(1), PendingWindowInDays: z.int().min(7).max(30).default(30) }),
      async (input, caller) => {
        const key = find(caller, "ScheduleKeyDeletion", input.KeyId);
        if (key.deletionAtMs !== undefined)
          throw new ServiceError("KMSInvalidStateException", `${arnOf(key.id)} is pending deletion.`);
        const deletionAtMs = context.now() + input.PendingWindowInDays * 86_400_000;
        await change(key, { deletionAtMs });
        return {
          KeyId: arnOf(key.id),
          DeletionDate: toSeconds(deletionAtMs),
          KeyState: "PendingDeletion",
          PendingWindowInDays: input.PendingWindowInDays,
        };
      },
    ),
    ListAliases: operation(
      z.object({
        KeyId: z.string().optional(),
        Limit: z.int().min(1).max(100).default(50),
        Marker: z.string().optional(),
      }),
      (input, caller) => {
        caller.require("kms:ListAliases", "*");
        const id = input.KeyId?.split("/").at(-1);
        const all = aliases()
          .filter(([, target]) => id === undefined || target === id)
          .sort(([a], [b]) => (a < b ? -1 : 1));
        const { items, nextToken } = page(all, ([name]) => name, {
          limit: input.Limit,
          token: input.Marker,
          badToken: () => new ServiceError("InvalidMarkerException", "The marker is not one of ours."),
        });
        return {
          Aliases: items.map(([name, target]) => ({
            AliasName: name,
            AliasArn: aliasArnOf(name),
            TargetKeyId: target,
          })),
          Truncated: nextToken !== undefined,
          NextMarker: nextToken,
        };
      },
    ),
    DescribeKey: operation(z.object({ KeyId: z.string().min(1) }), (input, caller) => ({
      KeyMetadata: metadata(find(caller, "DescribeKey", input.KeyId)),
    })),
    GetPublicKey: operation(z.object({ KeyId: z.string().min(1) }), (input, caller) => {
      const key = find(caller, "GetPublicKey", input.KeyId);
      inUse(key);
      const der = createPublicKey(privateKeyOf(key)).export({ type: "spki", format: "der" });
      return {
        KeyId: arnOf(key.id),
        PublicKey: der.toString("base64"),
        CustomerMasterKeySpec: "ECC_NIST_P256",
        KeySpec: "ECC_NIST_P256",
        KeyUsage: "SIGN_VERIFY",
        SigningAlgorithms: [algorithm],
      };
    }),
    Sign: operation(z.object(messageFields), (input, caller) => {
      const key = find(caller, "Sign", input.KeyId);
      usable(key, input.SigningAlgorithm);
      const bytes = message(input);
      const signature =
        input.MessageType === "RAW"
          ? sign("sha256", bytes, { key: privateKeyOf(key), dsaEncoding: "der" })
          : signDigest(bytes, privateKeyOf(key));
      return { KeyId: arnOf(key.id), Signature: signature.toString("base64"), SigningAlgorithm: algorithm };
    }),
    Verify: operation(z.object({ ...messageFields, Signature: z.string() }), (input, caller) => {
      const key = find(caller, "Verify", input.KeyId);
      usable(key, input.SigningAlgorithm);
      if (input.MessageType !== "RAW")
        throw new ServiceError("UnsupportedOperationException", "The local cloud verifies RAW messages only.");
      const publicKey = createPublicKey(privateKeyOf(key));
      const signature = Buffer.from(input.Signature, "base64");
      if (!verify("sha256", message(input), { key: publicKey, dsaEncoding: "der" }, signature))
        throw new ServiceError("KMSInvalidSignatureException", "The signature does not fit the message.");
      return { KeyId: arnOf(key.id), SignatureValid: true, SigningAlgorithm: algorithm };
    }),
  };

  return {
    operations,
    ensureKey: async (alias) => {
      if (journal.entries.has(`kms/${alias}`)) return;
      const key = await createKey(alias);
      await journal.commit([{ key: `kms/${alias}`, value: key.id }]);
    },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What KMS gives a key that came with none: the account's own IAM decides. */
function defaultPolicy(account: string): string {
  const Principal = { AWS: `arn:aws:iam::${account}:root` };
  return JSON.stringify({
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [{ Sid: "Enable IAM User Permissions", Effect: "Allow", Principal, Action: "kms:*", Resource: "*" }],
  });
}

/** The order of P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * ECDSA over a digest that the caller made. Node's `sign` always hashes, so the curve point comes from ECDH's key
 * generation (k·G) and the rest is two multiplications. Not hardened against timing: local use only.
 */
function signDigest(digest: Buffer, privateKey: KeyObject): Buffer {
  const d = toBigInt(Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url"));
  const z = toBigInt(digest);
  for (;;) {
    const k = toBigInt(randomBytes(32));
    if (k === 0n || k >= order) continue;
    const ecdh = createECDH("prime256v1");
    ecdh.setPrivateKey(toBytes(k));
    const r = toBigInt(ecdh.getPublicKey().subarray(1, 33)) % order;
    const s = (inverse(k) * ((z + r * d) % order)) % order;
    if (r !== 0n && s !== 0n) return derSequence(toBytes(r), toBytes(s));
  }
}

/** By Fermat: the order is prime. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = value % order;
  for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

function derSequence(...numbers: Buffer[]): Buffer {
  const parts = numbers.map((bytes) => {
    let start = 0;
    while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
    const body = bytes.subarray(start);
    const content = ((body[0] ?? 0) & 0x80) === 0 ? body : Buffer.concat([Buffer.from([0]), body]);
    return Buffer.concat([Buffer.from([2, content.length]), content]);
  });
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex") || "0"}`);
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}
