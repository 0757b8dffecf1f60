import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Journal } from "./journal.ts";
import { createRotations, describeRotation, type InvokeRotation, type Rotations } from "./secret-rotation.ts";
import { current, hasValue, moveStage, type SecretRecord, type Version } from "./secret-record.ts";
import {
  type Caller,
  type CloudContext,
  type Operations,
  operation,
  page,
  ServiceError,
  toSeconds,
} from "./service.ts";

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
const maxSecretBytes = 65_536;
const maxVersions = 100;

export interface Secrets {
  operations: Operations;
  /** Makes the secret, without a value, unless it is there: what `stacks/` does on AWS. */
  ensureSecret(name: string): Promise<void>;
  /** Sets when it is rotated and by which function: what `infra/` does on AWS. */
  ensureRotation: Rotations["ensureRotation"];
  /** Starts and goes on with every rotation that is due, and resolves when none is under way. */
  rotateDue: Rotations["rotateDue"];
  close(): Promise<void>;
}

/** Secrets Manager: values with versions and stages, soft deletion, rotation by a function. */
export function createSecrets(context: CloudContext, journal: Journal, invoke: InvokeRotation): Secrets {
  const arnOf = (secret: SecretRecord) =>
    `arn:aws:secretsmanager:${context.region}:${context.accountId}:secret:${secret.name}-${secret.suffix}`;

  const lookUp = (name: string): SecretRecord | undefined => {
    const secret = journal.entries.get(`secret/${name}`) as SecretRecord | undefined;
    return secret?.purgeAtMs !== undefined && secret.purgeAtMs <= context.now() ? undefined : secret;
  };

  /** The secret of a name, a whole ARN or one without its random end, after the caller's right to do this to it. */
  const find = (caller: Caller, action: string, reference: string): SecretRecord => {
    const plain = reference.startsWith("arn:") ? reference.split(":").slice(6).join(":") : reference;
    const byName = lookUp(plain);
    const secret = byName ?? (reference.startsWith("arn:") ? lookUp(plain.replace(/-[A-Za-z0-9]{6}$/, "")) : undefined);
    caller.require(`secretsmanager:${action}`, secret?.name ?? plain);
    if (secret === undefined)
      throw new ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    return secret;
  };

  const alive = (secret: SecretRecord): SecretRecord => {
    if (secret.deletedAtMs !== undefined)
      throw new ServiceError(
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    return secret;
  };

  const emptySecret = (name: string): SecretRecord => {
    const nowMs = context.now();
    const suffix = randomBytes(16)
      .toString("base64")
      .replace(/[^A-Za-z0-9]/g, "")
      .padEnd(6, "x")
      .slice(0, 6);
    return { name, suffix, tags: [], createdAtMs: nowMs, changedAtMs: nowMs, versions: [] };
  };

  const save = (secret: SecretRecord) => journal.commit([{ key: `secret/${secret.name}`, value: secret }]);

  const put = async (secret: SecretRecord, value: Value, token: string, stages: string[]): Promise<SecretRecord> => {
    checkSize(value);
    const existing = secret.versions.find((version) => version.id === token);
    if (existing !== undefined && hasValue(existing)) {
      // The same call again is the same version; another value under its token is a mistake.
      if (existing.text === value.SecretString && existing.binary === value.SecretBinary) return secret;
      throw new ServiceError(
        "ResourceExistsException",
        `You can't use ClientRequestToken ${token} because that value is already in use for a version of this secret.`,
      );
    }
    const version: Version = {
      id: token,
      createdAtMs: context.now(),
      // A rotation has announced it, and its function now says what it is.
      stages: existing?.stages ?? [],
      ...(value.SecretString === undefined ? {} : { text: value.SecretString }),
      ...(value.SecretBinary === undefined ? {} : { binary: value.SecretBinary }),
    };
    let versions = [...secret.versions.filter(({ id }) => id !== token), version];
    // The first version is the current one, whatever it was called.
    const wanted = !secret.versions.some(hasValue) && !stages.includes(current) ? [...stages, current] : stages;
    for (const stage of wanted) versions = moveStage(versions, stage, version.id);
    if (versions.length > maxVersions)
      versions = versions.filter((one, place) => one.stages.length > 0 || place >= versions.length - maxVersions);
    const next = { ...secret, versions, changedAtMs: context.now() };
    await save(next);
    return next;
  };

  const valueFields = { SecretString: z.string().optional(), SecretBinary: z.string().optional() };
  const token = z
    .string()
    .min(32)
    .max(64)
    .optional()
    .transform((text) => text ?? randomUUID());

  const operations: Operations = {
    CreateSecret: operation(
      z.object({
        Name: z.string().regex(/^[A-Za-z0-9/_+=.@-]{1,512}$/, "letters, digits and /_+=.@- only"),
        Description: z.string().optional(),
        ClientRequestToken: token,
        Tags: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
        ...valueFields,
      }),
      async (input, caller) => {
        caller.require("secretsmanager:CreateSecret", input.Name);
        const existing = lookUp(input.Name);
        if (existing !== undefined) {
          if (existing.deletedAtMs !== undefined)
            throw new ServiceError(
              "InvalidRequestException",
              "You can't create this secret because a secret with this name is already scheduled for deletion.",
            );
          const same = existing.versions.find((version) => version.id === input.ClientRequestToken);
          if (same === undefined || same.text !== input.SecretString || same.binary !== input.SecretBinary)
            throw new ServiceError(
              "ResourceExistsException",
              `The operation failed because the secret ${input.Name} already exists.`,
            );
          return { ARN: arnOf(existing), Name: existing.name, VersionId: same.id };
        }
        const secret: SecretRecord = {
          ...emptySecret(input.Name),
          ...(input.Description === undefined ? {} : { description: input.Description }),
          tags: input.Tags,
        };
        if (input.SecretString === undefined && input.SecretBinary === undefined) {
          await save(secret);
          return { ARN: arnOf(secret), Name: secret.name };
        }
        await put(secret, input, input.ClientRequestToken, [current]);
        return { ARN: arnOf(secret), Name: secret.name, VersionId: input.ClientRequestToken };
      },
    ),
    PutSecretValue: operation(
      z.object({
        SecretId: z.string(),
        ClientRequestToken: token,
        VersionStages: z.array(z.string().min(1)).min(1).max(20).default([current]),
        ...valueFields,
      }),
      async (input, caller) => {
        const secret = alive(find(caller, "PutSecretValue", input.SecretId));
        if ((input.SecretString === undefined) === (input.SecretBinary === undefined))
          throw new ServiceError("InvalidParameterException", "Give exactly one of SecretString and SecretBinary.");
        const next = await put(secret, input, input.ClientRequestToken, input.VersionStages);
        const version = next.versions.find(({ id }) => id === input.ClientRequestToken);
        return { ARN: arnOf(next), Name: next.name, VersionId: version?.id, VersionStages: version?.stages };
      },
    ),
    GetSecretValue: operation(
      z.object({ SecretId: z.string(), VersionId: z.string().optional(), VersionStage: z.string().optional() }),
      (input, caller) => {
        const secret = alive(find(caller, "GetSecretValue", input.SecretId));
        const stage = input.VersionStage ?? (input.VersionId === undefined ? current : undefined);
        const version = secret.versions.find(
          (one) =>
            (input.VersionId === undefined || one.id === input.VersionId) &&
            (stage === undefined || one.stages.includes(stage)) &&
            hasValue(one),
        );
        if (version === undefined)
          throw new ServiceError(
            "ResourceNotFoundException",
            `Secrets Manager can't find the specified secret value for ${
              input.VersionId === undefined ? `staging label: ${stage}` : `VersionId: ${input.VersionId}`
            }`,
          );
        return {
          ARN: arnOf(secret),
          Name: secret.name,
          VersionId: version.id,
          SecretString: version.text,
          SecretBinary: version.binary,
          VersionStages: version.stages,
          CreatedDate: toSeconds(version.createdAtMs),
        };
      },
    ),
    UpdateSecretVersionStage: operation(
      z.object({
        SecretId: z.string(),
        VersionStage: z.string().min(1),
        MoveToVersionId: z.string().optional(),
        RemoveFromVersionId: z.string().optional(),
      }),
      async (input, caller) => {
        const secret = alive(find(caller, "UpdateSecretVersionStage", input.SecretId));
        const holder = secret.versions.find((version) => version.stages.includes(input.VersionStage));
        if (holder !== undefined && input.MoveToVersionId !== holder.id && input.RemoveFromVersionId !== holder.id)
          throw new ServiceError(
            "InvalidParameterException",
            `The parameter RemoveFromVersionId can't be empty. Staging label ${input.VersionStage} is currently attached to version ${holder.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
          );
        if (input.MoveToVersionId === undefined && input.VersionStage === current)
          throw new ServiceError("InvalidParameterException", "AWSCURRENT can be moved, but not removed.");
        if (input.MoveToVersionId !== undefined && !secret.versions.some(({ id }) => id === input.MoveToVersionId))
          throw new ServiceError(
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret version.",
          );
        await save({ ...secret, versions: moveStage(secret.versions, input.VersionStage, input.MoveToVersionId) });
        return { ARN: arnOf(secret), Name: secret.name };
      },
    ),
    DescribeSecret: operation(z.object({ SecretId: z.string() }), (input, caller) =>
      describe(find(caller, "DescribeSecret", input.SecretId), arnOf),
    ),
    ListSecretVersionIds: operation(
      z.object({
        SecretId: z.string(),
        IncludeDeprecated: z.boolean().default(false),
        MaxResults: z.int().min(1).max(100).default(100),
        NextToken: z.string().optional(),
      }),
      (input, caller) => {
        const secret = find(caller, "ListSecretVersionIds", input.SecretId);
        const shown = secret.versions.filter(({ stages }) => input.IncludeDeprecated || stages.length > 0);
        const { items, nextToken } = page(shown, (version) => version.id, {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken: () => new ServiceError("InvalidNextTokenException", "The NextToken value is invalid."),
        });
        return {
          ARN: arnOf(secret),
          Name: secret.name,
          Versions: items.map(({ id, stages, createdAtMs }) => ({
            VersionId: id,
            VersionStages: stages,
            CreatedDate: toSeconds(createdAtMs),
          })),
          NextToken: nextToken,
        };
      },
    ),
    ListSecrets: operation(
      z.object({
        MaxResults: z.int().min(1).max(100).default(100),
        NextToken: z.string().optional(),
        IncludePlannedDeletion: z.boolean().default(false),
      }),
      (input, caller) => {
        caller.require("secretsmanager:ListSecrets", "*");
        const all = [...journal.entries.keys()]
          .filter((key) => key.startsWith("secret/"))
          .sort()
          .flatMap((key) => lookUp(key.slice("secret/".length)) ?? [])
          .filter((secret) => input.IncludePlannedDeletion || secret.deletedAtMs === undefined);
        const { items, nextToken } = page(all, (secret) => secret.name, {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken: () => new ServiceError("InvalidNextTokenException", "The NextToken value is invalid."),
        });
        return {
          SecretList: items.map((secret) => {
            const { VersionIdsToStages, ...rest } = describe(secret, arnOf);
            return { ...rest, SecretVersionsToStages: VersionIdsToStages };
          }),
          NextToken: nextToken,
        };
      },
    ),
    DeleteSecret: operation(
      z.object({
        SecretId: z.string(),
        RecoveryWindowInDays: z.int().min(7).max(30).optional(),
        ForceDeleteWithoutRecovery: z.boolean().default(false),
      }),
      async (input, caller) => {
        if (input.ForceDeleteWithoutRecovery && input.RecoveryWindowInDays !== undefined)
          throw new ServiceError(
            "InvalidParameterException",
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
          );
        const secret = find(caller, "DeleteSecret", input.SecretId);
        const nowMs = context.now();
        if (input.ForceDeleteWithoutRecovery) {
          await journal.commit([{ key: `secret/${secret.name}` }]);
          return { ARN: arnOf(secret), Name: secret.name, DeletionDate: toSeconds(nowMs) };
        }
        alive(secret);
        const purgeAtMs = nowMs + (input.RecoveryWindowInDays ?? 30) * 86_400_000;
        await save({ ...secret, deletedAtMs: nowMs, purgeAtMs });
        return { ARN: arnOf(secret), Name: secret.name, DeletionDate: toSeconds(purgeAtMs) };
      },
    ),
    RestoreSecret: operation(z.object({ SecretId: z.string() }), async (input, caller) => {
      const { deletedAtMs: _deleted, purgeAtMs: _purge, ...secret } = find(caller, "RestoreSecret", input.SecretId);
      await save(secret);
      return { ARN: arnOf(secret), Name: secret.name };
    }),
  };
  const { operations: rotating, ...rotations } = createRotations(
    context,
    {
      find,
      alive,
      load: (name) => {
        const secret = lookUp(name);
        return secret?.deletedAtMs === undefined ? secret : undefined;
      },
      all: () =>
        [...journal.entries.keys()]
          .filter((key) => key.startsWith("secret/"))
          .flatMap((key) => lookUp(key.slice("secret/".length)) ?? []),
      save,
      arnOf,
    },
    invoke,
  );
  return {
    operations: { ...operations, ...rotating },
    ...rotations,
    ensureSecret: async (name) => {
      if (lookUp(name) === undefined) await save(emptySecret(name));
    },
  };
}

interface Value {
  SecretString?: string | undefined;
  SecretBinary?: string | undefined;
}

function describe(secret: SecretRecord, arnOf: (secret: SecretRecord) => string) {
  return {
    ARN: arnOf(secret),
    Name: secret.name,
    Description: secret.description,
    CreatedDate: toSeconds(secret.createdAtMs),
    LastChangedDate: toSeconds(secret.changedAtMs),
    DeletedDate: secret.deletedAtMs === undefined ? undefined : toSeconds(secret.deletedAtMs),
    Tags: secret.tags,
    ...describeRotation(secret),
    VersionIdsToStages: Object.fromEntries(
      secret.versions.filter(({ stages }) => stages.length > 0).map(({ id, stages }) => [id, stages]),
    ),
  };
}

function checkSize(value: Value): void {
  const bytes =
    value.SecretString === undefined
      ? Buffer.byteLength(value.SecretBinary ?? "", "base64")
      : Buffer.byteLength(value.SecretString);
  if (bytes === 0 || bytes > maxSecretBytes)
    throw new ServiceError("ValidationException", `A secret's value has 1 to ${maxSecretBytes} bytes.`);
}
