import { createHash, createPublicKey, verify } from "node:crypto";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorOf, openTarget, type Target, uniqueName } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

describe("KMS", () => {
  async function signingKey() {
    const { KeyMetadata } = await target.kms.send(
      new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }),
    );
    const AliasName = `alias/${uniqueName("contract")}`;
    await target.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyMetadata?.KeyId }));
    return { id: KeyMetadata?.KeyId ?? "", arn: KeyMetadata?.Arn ?? "", AliasName };
  }
  async function publicKeyOf(KeyId: string) {
    const { PublicKey } = await target.kms.send(new GetPublicKeyCommand({ KeyId }));
    return createPublicKey({ key: Buffer.from(PublicKey ?? []), format: "der", type: "spki" });
  }
  const sign = (KeyId: string, Message: Buffer, MessageType: "RAW" | "DIGEST") =>
    target.kms.send(new SignCommand({ KeyId, Message, MessageType, SigningAlgorithm: "ECDSA_SHA_256" }));

  test("a raw message and its digest are signed alike, in DER, by id, ARN and alias", async () => {
    const { id, arn, AliasName } = await signingKey();
    const publicKey = await publicKeyOf(AliasName);
    const message = Buffer.from("what is approved");
    const digest = createHash("sha256").update(message).digest();
    for (const KeyId of [id, arn, AliasName])
      for (const [bytes, type] of [
        [message, "RAW"],
        [digest, "DIGEST"],
      ] as const) {
        const answer = await sign(KeyId, bytes, type);
        expect(answer.KeyId).toBe(arn);
        const signature = Buffer.from(answer.Signature ?? []);
        expect(verify("sha256", message, { key: publicKey, dsaEncoding: "der" }, signature)).toBe(true);
      }
  });

  test("many digests: every DER encoding holds", async () => {
    const { AliasName } = await signingKey();
    const publicKey = await publicKeyOf(AliasName);
    for (let index = 0; index < 50; index++) {
      const message = Buffer.from(`message ${index}`);
      const { Signature } = await sign(AliasName, createHash("sha256").update(message).digest(), "DIGEST");
      expect(verify("sha256", message, publicKey, Buffer.from(Signature ?? []))).toBe(true);
    }
  });

  test("keys describe themselves, and aliases are listed", async () => {
    const { id, AliasName } = await signingKey();
    const { KeyMetadata } = await target.kms.send(new DescribeKeyCommand({ KeyId: AliasName }));
    expect(KeyMetadata).toMatchObject({
      KeyId: id,
      KeySpec: "ECC_NIST_P256",
      KeyUsage: "SIGN_VERIFY",
      KeyState: "Enabled",
      SigningAlgorithms: ["ECDSA_SHA_256"],
    });
    const { Aliases } = await target.kms.send(new ListAliasesCommand({ KeyId: id }));
    expect(Aliases?.map((alias) => alias.AliasName)).toEqual([AliasName]);
  });

  test("an alias is moved from one key to another, and signs with that one from then on", async () => {
    const [first, second] = [await signingKey(), await signingKey()];
    const before = await sign(first.AliasName, Buffer.from("x"), "RAW");
    expect(before.KeyId).toBe(first.arn);
    await target.kms.send(new UpdateAliasCommand({ AliasName: first.AliasName, TargetKeyId: second.id }));
    expect((await sign(first.AliasName, Buffer.from("x"), "RAW")).KeyId).toBe(second.arn);
    expect((await sign(first.arn, Buffer.from("x"), "RAW")).KeyId).toBe(first.arn);
    const { Aliases } = await target.kms.send(new ListAliasesCommand({ KeyId: second.id }));
    expect(Aliases?.map((alias) => alias.AliasName).toSorted()).toEqual([first.AliasName, second.AliasName].toSorted());
    await target.kms.send(new DeleteAliasCommand({ AliasName: first.AliasName }));
    expect((await errorOf(sign(first.AliasName, Buffer.from("x"), "RAW"))).name).toBe("NotFoundException");
    const gone = target.kms.send(new DeleteAliasCommand({ AliasName: first.AliasName }));
    expect((await errorOf(gone)).name).toBe("NotFoundException");
    const moved = target.kms.send(new UpdateAliasCommand({ AliasName: first.AliasName, TargetKeyId: first.id }));
    expect((await errorOf(moved)).name).toBe("NotFoundException");
  });

  test("a key that is disabled or about to be deleted signs nothing, and still describes itself", async () => {
    const [disabled, doomed] = [await signingKey(), await signingKey()];
    await target.kms.send(new DisableKeyCommand({ KeyId: disabled.id }));
    await target.kms.send(new DisableKeyCommand({ KeyId: disabled.id }));
    expect((await errorOf(sign(disabled.arn, Buffer.from("x"), "RAW"))).name).toBe("DisabledException");
    const schedule = () =>
      target.kms.send(new ScheduleKeyDeletionCommand({ KeyId: doomed.id, PendingWindowInDays: 30 }));
    expect(await schedule()).toMatchObject({ KeyState: "PendingDeletion", PendingWindowInDays: 30 });
    expect((await errorOf(schedule())).name).toBe("KMSInvalidStateException");
    for (const KeyId of [doomed.arn, doomed.AliasName])
      expect((await errorOf(sign(KeyId, Buffer.from("x"), "RAW"))).name).toBe("KMSInvalidStateException");
    const { KeyMetadata } = await target.kms.send(new DescribeKeyCommand({ KeyId: doomed.id }));
    expect(KeyMetadata).toMatchObject({ KeyState: "PendingDeletion", Enabled: false });
    expect(KeyMetadata?.DeletionDate?.getTime()).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  });

  test("a key is made with tags and a policy, and is found among all", async () => {
    const { id } = await signingKey();
    const { Policy } = await target.kms.send(new GetKeyPolicyCommand({ KeyId: id, PolicyName: "default" }));
    expect(JSON.parse(Policy ?? "")).toMatchObject({ Statement: [{ Effect: "Allow", Action: "kms:*" }] });
    const made = await target.kms.send(
      new CreateKeyCommand({
        KeySpec: "ECC_NIST_P256",
        KeyUsage: "SIGN_VERIFY",
        Description: "another",
        Tags: [{ TagKey: "colour", TagValue: "blue" }],
        ...(Policy === undefined ? {} : { Policy }),
      }),
    );
    const KeyId = made.KeyMetadata?.KeyId ?? "";
    const { Tags } = await target.kms.send(new ListResourceTagsCommand({ KeyId }));
    expect(Tags).toEqual([{ TagKey: "colour", TagValue: "blue" }]);
    const kept = await target.kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }));
    expect(JSON.parse(kept.Policy ?? "")).toEqual(JSON.parse(Policy ?? ""));
    const found = new Set<string | undefined>();
    let Marker: string | undefined;
    do {
      const page = await target.kms.send(
        new ListKeysCommand({ Limit: 3, ...(Marker === undefined ? {} : { Marker }) }),
      );
      for (const key of page.Keys ?? []) found.add(key.KeyId);
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    expect(found.has(KeyId) && found.has(id)).toBe(true);
  });

  test("an unknown alias, a wrong digest length, a long message and a taken alias are refused", async () => {
    const { id, AliasName } = await signingKey();
    expect((await errorOf(sign("alias/no-such-key", Buffer.from("x"), "RAW"))).name).toBe("NotFoundException");
    expect((await errorOf(sign(AliasName, Buffer.from("short"), "DIGEST"))).name).toBe("ValidationException");
    expect((await errorOf(sign(AliasName, Buffer.alloc(4097, 1), "RAW"))).name).toBe("ValidationException");
    const again = target.kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: id }));
    expect((await errorOf(again)).name).toBe("AlreadyExistsException");
  });
});

describe("Secrets Manager", () => {
  const create = async (SecretString?: string) => {
    const Name = uniqueName("contract/secret");
    const { ARN, VersionId } = await target.secrets.send(
      new CreateSecretCommand({ Name, ...(SecretString === undefined ? {} : { SecretString }) }),
    );
    return { Name, ARN: ARN ?? "", VersionId };
  };
  const read = (SecretId: string, more = {}) => target.secrets.send(new GetSecretValueCommand({ SecretId, ...more }));
  const put = (SecretId: string, SecretString: string, more = {}) =>
    target.secrets.send(new PutSecretValueCommand({ SecretId, SecretString, ...more }));

  test("a new value becomes current and the old one previous; both are read by stage and by version", async () => {
    const { Name, ARN, VersionId: first } = await create("one");
    const { VersionId: second } = await put(Name, "two");
    expect((await read(Name)).SecretString).toBe("two");
    expect((await read(ARN, { VersionStage: "AWSPREVIOUS" })).SecretString).toBe("one");
    expect((await read(Name, { VersionId: first })).SecretString).toBe("one");
    await put(Name, "three");
    const { VersionIdsToStages } = await target.secrets.send(new DescribeSecretCommand({ SecretId: Name }));
    expect(VersionIdsToStages?.[second ?? ""]).toEqual(["AWSPREVIOUS"]);
    expect(VersionIdsToStages?.[first ?? ""]).toBeUndefined();
  });

  test("binary values, and secrets without a value yet", async () => {
    const { Name } = await create();
    expect((await errorOf(read(Name))).name).toBe("ResourceNotFoundException");
    await target.secrets.send(new PutSecretValueCommand({ SecretId: Name, SecretBinary: Buffer.from([0, 1, 2, 255]) }));
    expect((await read(Name)).SecretBinary).toEqual(new Uint8Array([0, 1, 2, 255]));
  });

  test("a put with the same token and value is the same version; another value is refused", async () => {
    const { Name } = await create("one");
    const ClientRequestToken = "0123456789abcdef0123456789abcdef";
    const once = await put(Name, "two", { ClientRequestToken });
    const twice = await put(Name, "two", { ClientRequestToken });
    expect(twice.VersionId).toBe(once.VersionId);
    expect((await errorOf(put(Name, "other", { ClientRequestToken }))).name).toBe("ResourceExistsException");
  });

  test("a pending value is not current until its stage is moved", async () => {
    const { Name, VersionId: current } = await create("one");
    const { VersionId: pending } = await put(Name, "two", { VersionStages: ["AWSPENDING"] });
    expect((await read(Name)).SecretString).toBe("one");
    expect((await read(Name, { VersionStage: "AWSPENDING" })).SecretString).toBe("two");
    await target.secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: Name,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: pending,
        RemoveFromVersionId: current,
      }),
    );
    expect((await read(Name)).SecretString).toBe("two");
    expect((await read(Name, { VersionStage: "AWSPREVIOUS" })).SecretString).toBe("one");
  });

  test("a deleted secret is not read, can be restored, and when forced is gone", async () => {
    const { Name } = await create("one");
    await target.secrets.send(new DeleteSecretCommand({ SecretId: Name, RecoveryWindowInDays: 7 }));
    expect((await errorOf(read(Name))).name).toBe("InvalidRequestException");
    expect((await errorOf(target.secrets.send(new CreateSecretCommand({ Name })))).name).toBe(
      "InvalidRequestException",
    );
    await target.secrets.send(new RestoreSecretCommand({ SecretId: Name }));
    expect((await read(Name)).SecretString).toBe("one");
    await target.secrets.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
    expect((await errorOf(read(Name))).name).toBe("ResourceNotFoundException");
  });

  test("a name is taken once; unknown names and stages are ResourceNotFoundException", async () => {
    const { Name } = await create("one");
    const again = target.secrets.send(new CreateSecretCommand({ Name, SecretString: "x" }));
    expect((await errorOf(again)).name).toBe("ResourceExistsException");
    expect((await errorOf(read("contract/none"))).name).toBe("ResourceNotFoundException");
    expect((await errorOf(read(Name, { VersionStage: "NONE" }))).name).toBe("ResourceNotFoundException");
  });

  test("the list is paged", async () => {
    const made = [await create("a"), await create("b"), await create("c")].map(({ Name }) => Name);
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await target.secrets.send(new ListSecretsCommand({ MaxResults: 2, NextToken }));
      seen.push(...(page.SecretList ?? []).map(({ Name }) => Name ?? ""));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toEqual(expect.arrayContaining(made));
    expect(new Set(seen).size).toBe(seen.length);
  });
});
