import { createHash, createPublicKey } from "node:crypto";
import { GetPublicKeyCommand, type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { AppError } from "@steward/contracts/errors";
import { createCache } from "./cache.ts";
import { calling, isNamed } from "./faults.ts";
import { KeyRefused, type Signer, type SigningKey } from "./signing.ts";

/** After so long everybody signs with the key that an alias was moved to. A rotation's overlaps reckon with it. */
export const keyMemoryMs = 5 * 60_000;

/** What KMS says of a key that does not sign any more: withdrawn, about to be deleted, or no longer ours to use. */
const refusals = ["NotFoundException", "DisabledException", "KMSInvalidStateException", "AccessDeniedException"];

/**
 * The signer of one alias. What a key says of itself (`keyId`) and what it signs are of the same key, even if the alias is
 * moved meanwhile: it is named by its ARN. Where the alias points is asked anew after `keyMemoryMs`, and at once when KMS
 * refuses the key that is remembered; whoever was refused asks for the key again (`withKey`).
 */
export function createSigner({ kms, keyAlias }: { kms: KMSClient; keyAlias: string }): Signer {
  const keys = createCache<SigningKey>(keyMemoryMs);
  return {
    key: () =>
      keys.get(keyAlias, async () => {
        const { arn, spki } = await findKey(kms, keyAlias);
        return {
          keyId: createHash("sha256").update(spki).digest("hex"),
          publicKey: spki,
          sign: (bytes) => sign(arn, bytes),
        };
      }),
  };

  async function sign(arn: string, bytes: Uint8Array): Promise<Uint8Array> {
    const { Signature } = await calling(`sign with ${keyAlias}`, async () => {
      try {
        return await kms.send(
          new SignCommand({
            KeyId: arn,
            // KMS takes at most 4,096 bytes: the digest is made here.
            Message: createHash("sha256").update(bytes).digest(),
            MessageType: "DIGEST",
            SigningAlgorithm: "ECDSA_SHA_256",
          }),
        );
      } catch (error) {
        if (!isNamed(error, ...refusals)) throw error;
        keys.forget(keyAlias);
        throw new KeyRefused(keyAlias, error);
      }
    });
    if (Signature === undefined) throw new AppError("internal", `KMS gave no signature for ${keyAlias}`);
    return Signature;
  }
}

async function findKey(kms: KMSClient, keyAlias: string): Promise<{ arn: string; spki: Uint8Array }> {
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
