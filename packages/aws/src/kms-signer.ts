import { createHash, createPublicKey } from "node:crypto";
import { GetPublicKeyCommand, type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { AppError } from "@steward/contracts/errors";
import { createCache } from "./cache.ts";
import { calling, isNamed } from "./faults.ts";
import type { Signer } from "./signing.ts";

interface Key {
  arn: string;
  spki: Uint8Array;
}

/**
 * The signer of one alias. The key behind the alias is looked up once: what it says of itself (`keyId`) and what it
 * signs are of the same key, even if the alias is moved meanwhile. A new key is used by processes started later.
 */
export function createSigner({ kms, keyAlias }: { kms: KMSClient; keyAlias: string }): Signer {
  const keys = createCache<Key>(Number.POSITIVE_INFINITY);
  const key = () => keys.get(keyAlias, () => findKey(kms, keyAlias));
  return {
    async keyId() {
      return createHash("sha256")
        .update((await key()).spki)
        .digest("hex");
    },
    async publicKey() {
      return (await key()).spki;
    },
    async sign(bytes) {
      const { arn } = await key();
      const { Signature } = await calling(`sign with ${keyAlias}`, () =>
        kms.send(
          new SignCommand({
            KeyId: arn,
            // KMS takes at most 4,096 bytes: the digest is made here.
            Message: createHash("sha256").update(bytes).digest(),
            MessageType: "DIGEST",
            SigningAlgorithm: "ECDSA_SHA_256",
          }),
        ),
      );
      if (Signature === undefined) throw new AppError("internal", `KMS gave no signature for ${keyAlias}`);
      return Signature;
    },
  };
}

async function findKey(kms: KMSClient, keyAlias: string): Promise<Key> {
  const missing = (what: string, cause?: unknown) =>
    new AppError("internal", what, {
      next: "Deploy this stage's stacks, or start the local cloud.",
      retryable: false,
      cause,
    });
  const answer = await calling(`find the key ${keyAlias}`, async () => {
    try {
      return await kms.send(new GetPublicKeyCommand({ KeyId: keyAlias }));
    } catch (error) {
      throw isNamed(error, "NotFoundException") ? missing(`there is no key ${keyAlias}`, error) : error;
    }
  });
  if (answer.KeyId === undefined || answer.PublicKey === undefined || !isP256(answer.PublicKey))
    throw missing(`${keyAlias} is no ECDSA P-256 key`);
  return { arn: answer.KeyId, spki: answer.PublicKey };
}

/** Judged by the key itself: what else an answer says of it, not every imitation of KMS gives. */
function isP256(spki: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  return key.asymmetricKeyDetails?.namedCurve === "prime256v1";
}
