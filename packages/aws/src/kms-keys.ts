import { createHash } from "node:crypto";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  type KeyMetadata,
  type KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import { AppError } from "@steward/contracts/errors";
import { calling, isNamed } from "./faults.ts";

/** A signing key of KMS. */
export interface KmsKey {
  kmsKeyId: string;
  /** sha256 (hex) of the public half's SubjectPublicKeyInfo. */
  keyId: string;
  /** base64 of that. */
  publicKey: string;
  createdAtMs: number;
}

/** What whoever rotates keys does to them: with rights of his own, which no part of a stage has. */
export interface KeyAdmin {
  /** The key that an alias names; undefined where there is no such alias. */
  find(alias: string): Promise<KmsKey | undefined>;
  /** A new signing key with the policy of another one, under an alias; also where an earlier try was killed in the middle. */
  make(options: { alias: string; like: string; description: string; tags: Record<string, string> }): Promise<KmsKey>;
  /** Makes the alias, or moves it. */
  point(alias: string, kmsKeyId: string): Promise<void>;
  /** It signs no more: disabled for good, or deleted after 30 days. Whoever was not enough in doubt can still undo it. */
  giveUp(kmsKeyId: string, how: "disable" | "delete"): Promise<void>;
}

const deletionDays = 30;

export function createKeyAdmin(kms: KMSClient): KeyAdmin {
  async function describe(reference: string): Promise<KeyMetadata | undefined> {
    return calling(`look at the key ${reference}`, async () => {
      try {
        return (await kms.send(new DescribeKeyCommand({ KeyId: reference }))).KeyMetadata;
      } catch (error) {
        if (isNamed(error, "NotFoundException")) return undefined;
        throw error;
      }
    });
  }

  async function read(reference: string, { KeyId = "", CreationDate }: KeyMetadata): Promise<KmsKey> {
    const { PublicKey } = await calling(`read the key ${reference}`, () =>
      kms.send(new GetPublicKeyCommand({ KeyId })),
    );
    if (PublicKey === undefined) throw new AppError("internal", `KMS gave no public half of ${reference}`);
    return {
      kmsKeyId: KeyId,
      keyId: createHash("sha256").update(PublicKey).digest("hex"),
      publicKey: Buffer.from(PublicKey).toString("base64"),
      createdAtMs: CreationDate?.getTime() ?? 0,
    };
  }

  /** Made for this by somebody who was killed before the key got its alias: with our tags, and no alias at all. */
  async function findOrphan(tags: Record<string, string>): Promise<string | undefined> {
    const named = new Set<string | undefined>();
    for (let Marker: string | undefined, more = true; more; ) {
      const page = await calling("list the aliases", () =>
        kms.send(new ListAliasesCommand({ Limit: 100, ...(Marker === undefined ? {} : { Marker }) })),
      );
      for (const alias of page.Aliases ?? []) named.add(alias.TargetKeyId);
      Marker = page.NextMarker;
      more = Marker !== undefined;
    }
    for (let Marker: string | undefined, more = true; more; ) {
      const page = await calling("list the keys", () =>
        kms.send(new ListKeysCommand({ Limit: 1000, ...(Marker === undefined ? {} : { Marker }) })),
      );
      for (const { KeyId } of page.Keys ?? []) {
        if (KeyId === undefined || named.has(KeyId) || !(await carries(KeyId, tags))) continue;
        if ((await describe(KeyId))?.KeyState === "Enabled") return KeyId;
      }
      Marker = page.NextMarker;
      more = Marker !== undefined;
    }
    return undefined;
  }

  async function carries(KeyId: string, tags: Record<string, string>): Promise<boolean> {
    try {
      const { Tags = [] } = await kms.send(new ListResourceTagsCommand({ KeyId }));
      return Object.entries(tags).every(([name, value]) =>
        Tags.some(({ TagKey, TagValue }) => TagKey === name && TagValue === value),
      );
    } catch (error) {
      // A key of somebody else's in the account, whose policy keeps us out.
      if (isNamed(error, "AccessDeniedException", "NotFoundException")) return false;
      throw error;
    }
  }

  const admin: KeyAdmin = {
    async find(alias) {
      const found = await describe(alias);
      return found === undefined ? undefined : read(alias, found);
    },

    async make({ alias, like, description, tags }) {
      const orphan = await findOrphan(tags);
      const id = orphan ?? (await create(like, description, tags));
      await admin.point(alias, id);
      const made = await admin.find(alias);
      if (made === undefined) throw new AppError("internal", `the alias ${alias} is gone again`);
      return made;
    },

    async point(alias, kmsKeyId) {
      await calling(`point ${alias} at ${kmsKeyId}`, async () => {
        const input = { AliasName: alias, TargetKeyId: kmsKeyId };
        try {
          await kms.send(new UpdateAliasCommand(input));
        } catch (error) {
          if (!isNamed(error, "NotFoundException")) throw error;
          await kms.send(new CreateAliasCommand(input));
        }
      });
    },

    async giveUp(kmsKeyId, how) {
      const state = (await describe(kmsKeyId))?.KeyState;
      if (state === undefined || state === "PendingDeletion") return;
      await calling(`give the key ${kmsKeyId} up`, async () => {
        if (how === "disable") await kms.send(new DisableKeyCommand({ KeyId: kmsKeyId }));
        else {
          await kms.send(new ScheduleKeyDeletionCommand({ KeyId: kmsKeyId, PendingWindowInDays: deletionDays }));
        }
      });
    },
  };
  return admin;

  async function create(like: string, description: string, tags: Record<string, string>): Promise<string> {
    const { Policy } = await calling(`read the policy of ${like}`, () =>
      kms.send(new GetKeyPolicyCommand({ KeyId: like, PolicyName: "default" })),
    );
    const { KeyMetadata: made } = await calling("make a key", () =>
      kms.send(
        new CreateKeyCommand({
          KeySpec: "ECC_NIST_P256",
          KeyUsage: "SIGN_VERIFY",
          Description: description,
          Tags: Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
          ...(Policy === undefined ? {} : { Policy }),
        }),
      ),
    );
    if (made?.KeyId === undefined) throw new AppError("internal", "KMS made a key without a name");
    return made.KeyId;
  }
}
