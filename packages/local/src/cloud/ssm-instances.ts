import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Journal } from "./journal.ts";
import { type CloudContext, type Operations, operation, page, ServiceError, toSeconds } from "./service.ts";

const tagsSchema = z.array(z.object({ Key: z.string().min(1).max(128), Value: z.string().max(256) })).default([]);

/** Stored under `ssm/activation/{id}`. */
interface ActivationRecord {
  id: string;
  codeSha256: string;
  iamRole: string;
  defaultName?: string;
  description?: string;
  limit: number;
  used: number;
  expiresAtMs: number;
  createdAtMs: number;
  tags: { Key: string; Value: string }[];
}

/** Stored under `ssm/instance/{id}`. */
export interface InstanceRecord {
  id: string;
  activationId: string;
  iamRole: string;
  name?: string;
  registeredAtMs: number;
  accessKeyId: string;
  secretAccessKey: string;
  tags: { Key: string; Value: string }[];
}

const defaultExpiryMs = 24 * 3600_000;
const maxExpiryMs = 30 * 24 * 3600_000;
/** After so long without a poll an instance counts as lost. */
const onlineForMs = 5 * 60_000;

export interface Instances {
  operations: Operations;
  all(): InstanceRecord[];
  find(id: string): InstanceRecord | undefined;
  byAccessKey(accessKeyId: string): InstanceRecord | undefined;
  /** Notes that it was heard of now. */
  heard(id: string): void;
  /** `POST /_ssm/register`: what `amazon-ssm-agent -register` does, open to who knows the code. */
  register(input: unknown): Promise<object>;
}

/** Hybrid activations and the machines that came with them. */
export function createInstances(context: CloudContext, journal: Journal): Instances {
  const lastHeardAtMs = new Map<string, number>();
  const instances = new Map<string, InstanceRecord>();
  const byAccessKey = new Map<string, InstanceRecord>();
  const keep = (instance: InstanceRecord) => {
    instances.set(instance.id, instance);
    byAccessKey.set(instance.accessKeyId, instance);
  };
  for (const [key, value] of journal.entries) if (key.startsWith("ssm/instance/")) keep(value as InstanceRecord);

  const activation = (id: string) => journal.entries.get(`ssm/activation/${id}`) as ActivationRecord | undefined;
  const existing = (id: string): InstanceRecord => {
    const instance = instances.get(id);
    if (instance === undefined) throw new ServiceError("InvalidInstanceId", `Instance ${id} is not registered.`);
    return instance;
  };
  const save = (instance: InstanceRecord) => {
    keep(instance);
    return journal.commit([{ key: `ssm/instance/${instance.id}`, value: instance }]);
  };
  const badToken = () => new ServiceError("InvalidNextToken", "The specified token isn't valid.");

  const information = (instance: InstanceRecord) => {
    const heardAtMs = lastHeardAtMs.get(instance.id) ?? instance.registeredAtMs;
    return {
      InstanceId: instance.id,
      PingStatus: context.now() - heardAtMs <= onlineForMs ? "Online" : "ConnectionLost",
      LastPingDateTime: toSeconds(heardAtMs),
      AgentVersion: "3.3.0.0",
      IsLatestVersion: true,
      PlatformType: "Linux",
      PlatformName: "Debian GNU/Linux",
      PlatformVersion: "12",
      ActivationId: instance.activationId,
      IamRole: instance.iamRole,
      RegistrationDate: toSeconds(instance.registeredAtMs),
      ResourceType: "ManagedInstance",
      Name: instance.name,
      SourceType: "AWS::SSM::ManagedInstance",
    };
  };

  const filtered = (filters: { key: string; values: string[] }[]) =>
    [...instances.values()]
      .filter((instance) =>
        filters.every(({ key, values }) => {
          if (key.startsWith("tag:"))
            return instance.tags.some((tag) => tag.Key === key.slice(4) && values.includes(tag.Value));
          if (key === "tag-key") return instance.tags.some((tag) => values.includes(tag.Key));
          const details: Record<string, string> = {
            InstanceIds: instance.id,
            PingStatus: information(instance).PingStatus,
            ActivationIds: instance.activationId,
            IamRole: instance.iamRole,
            ResourceType: "ManagedInstance",
            PlatformTypes: "Linux",
          };
          const detail = details[key];
          if (detail === undefined)
            throw new ServiceError("InvalidInstanceInformationFilterValue", `The filter key ${key} is not known.`);
          return values.includes(detail);
        }),
      )
      .sort((a, b) => (a.id < b.id ? -1 : 1));

  const managedInstanceOnly = (type: string) => {
    if (type !== "ManagedInstance")
      throw new ServiceError("InvalidResourceType", "The local cloud has tags on ManagedInstance only.");
  };

  const operations: Operations = {
    CreateActivation: operation(
      z.object({
        IamRole: z.string().min(1).max(64),
        Description: z.string().max(256).optional(),
        DefaultInstanceName: z.string().max(256).optional(),
        RegistrationLimit: z.int().min(1).max(1000).default(1),
        ExpirationDate: z.number().optional(),
        Tags: tagsSchema,
      }),
      async (input, caller) => {
        caller.require("ssm:CreateActivation", "*");
        // As on AWS: whoever registers machines hands them the role, and needs the right to.
        caller.require("iam:PassRole", input.IamRole);
        if (input.Tags.length > 0) caller.require("ssm:AddTagsToResource", "*");
        const nowMs = context.now();
        const expiresAtMs = input.ExpirationDate === undefined ? nowMs + defaultExpiryMs : input.ExpirationDate * 1000;
        if (expiresAtMs <= nowMs || expiresAtMs > nowMs + maxExpiryMs)
          throw new ServiceError("ValidationException", "ExpirationDate is between now and 30 days from now.");
        const code = randomBytes(15).toString("base64url");
        const record: ActivationRecord = {
          id: randomUUID(),
          codeSha256: sha256(code).toString("hex"),
          iamRole: input.IamRole,
          ...(input.DefaultInstanceName === undefined ? {} : { defaultName: input.DefaultInstanceName }),
          ...(input.Description === undefined ? {} : { description: input.Description }),
          limit: input.RegistrationLimit,
          used: 0,
          expiresAtMs,
          createdAtMs: nowMs,
          tags: input.Tags,
        };
        await journal.commit([{ key: `ssm/activation/${record.id}`, value: record }]);
        return { ActivationId: record.id, ActivationCode: code };
      },
    ),
    DescribeActivations: operation(
      z.object({ MaxResults: z.int().min(1).max(50).default(50), NextToken: z.string().optional() }),
      (input, caller) => {
        caller.require("ssm:DescribeActivations", "*");
        const all = [...journal.entries]
          .filter(([key]) => key.startsWith("ssm/activation/"))
          .map(([, value]) => value as ActivationRecord);
        const { items, nextToken } = page(all, ({ id }) => id, {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken,
        });
        return {
          ActivationList: items.map((one) => ({
            ActivationId: one.id,
            Description: one.description,
            DefaultInstanceName: one.defaultName,
            IamRole: one.iamRole,
            RegistrationLimit: one.limit,
            RegistrationsCount: one.used,
            ExpirationDate: toSeconds(one.expiresAtMs),
            Expired: one.expiresAtMs <= context.now(),
            CreatedDate: toSeconds(one.createdAtMs),
            Tags: one.tags,
          })),
          NextToken: nextToken,
        };
      },
    ),
    DeleteActivation: operation(z.object({ ActivationId: z.string() }), async (input, caller) => {
      caller.require("ssm:DeleteActivation", "*");
      if (activation(input.ActivationId) === undefined)
        throw new ServiceError("InvalidActivationId", "The activation ID isn't valid.");
      await journal.commit([{ key: `ssm/activation/${input.ActivationId}` }]);
      return {};
    }),
    DescribeInstanceInformation: operation(
      z.object({
        Filters: z.array(z.object({ Key: z.string(), Values: z.array(z.string()).min(1) })).default([]),
        InstanceInformationFilterList: z
          .array(z.object({ key: z.string(), valueSet: z.array(z.string()).min(1) }))
          .default([]),
        MaxResults: z.int().min(5).max(50).default(50),
        NextToken: z.string().optional(),
      }),
      (input, caller) => {
        caller.require("ssm:DescribeInstanceInformation", "*");
        const filters = [
          ...input.Filters.map(({ Key, Values }) => ({ key: Key, values: Values })),
          ...input.InstanceInformationFilterList.map(({ key, valueSet }) => ({ key, values: valueSet })),
        ];
        const { items, nextToken } = page(filtered(filters), ({ id }) => id, {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken,
        });
        return { InstanceInformationList: items.map(information), NextToken: nextToken };
      },
    ),
    DeregisterManagedInstance: operation(z.object({ InstanceId: z.string() }), async (input, caller) => {
      caller.require("ssm:DeregisterManagedInstance", input.InstanceId);
      const instance = existing(input.InstanceId);
      instances.delete(instance.id);
      byAccessKey.delete(instance.accessKeyId);
      await journal.commit([{ key: `ssm/instance/${instance.id}` }]);
      return {};
    }),
    AddTagsToResource: operation(
      z.object({ ResourceType: z.string(), ResourceId: z.string(), Tags: tagsSchema }),
      async (input, caller) => {
        caller.require("ssm:AddTagsToResource", input.ResourceId);
        managedInstanceOnly(input.ResourceType);
        const instance = existing(input.ResourceId);
        const kept = instance.tags.filter((tag) => !input.Tags.some(({ Key }) => Key === tag.Key));
        await save({ ...instance, tags: [...kept, ...input.Tags] });
        return {};
      },
    ),
    RemoveTagsFromResource: operation(
      z.object({ ResourceType: z.string(), ResourceId: z.string(), TagKeys: z.array(z.string()) }),
      async (input, caller) => {
        caller.require("ssm:RemoveTagsFromResource", input.ResourceId);
        managedInstanceOnly(input.ResourceType);
        const instance = existing(input.ResourceId);
        await save({ ...instance, tags: instance.tags.filter((tag) => !input.TagKeys.includes(tag.Key)) });
        return {};
      },
    ),
    ListTagsForResource: operation(z.object({ ResourceType: z.string(), ResourceId: z.string() }), (input, caller) => {
      caller.require("ssm:ListTagsForResource", input.ResourceId);
      managedInstanceOnly(input.ResourceType);
      return { TagList: existing(input.ResourceId).tags };
    }),
  };

  const registration = operation(
    z.object({ activationId: z.string(), activationCode: z.string() }),
    async ({ activationId, activationCode }) => {
      const record = activation(activationId);
      const known =
        record !== undefined && timingSafeEqual(sha256(activationCode), Buffer.from(record.codeSha256, "hex"));
      if (!known) throw new ServiceError("InvalidActivation", "The activation isn't valid. Create a new one.");
      if (record.expiresAtMs <= context.now())
        throw new ServiceError("InvalidActivation", "The activation has expired. Create a new one.");
      if (record.used >= record.limit)
        throw new ServiceError("InvalidActivation", "The activation has been used as often as it may be.");
      const instance: InstanceRecord = {
        id: `mi-${randomBytes(9).toString("hex").slice(0, 17)}`,
        activationId,
        iamRole: record.iamRole,
        ...(record.defaultName === undefined ? {} : { name: record.defaultName }),
        registeredAtMs: context.now(),
        accessKeyId: `LMI${randomBytes(10).toString("hex").toUpperCase()}`,
        secretAccessKey: randomBytes(30).toString("base64url"),
        tags: record.tags,
      };
      // One commit: a crash cannot spend the activation without giving an instance, or the other way round.
      keep(instance);
      await journal.commit([
        { key: `ssm/activation/${activationId}`, value: { ...record, used: record.used + 1 } },
        { key: `ssm/instance/${instance.id}`, value: instance },
      ]);
      return {
        instanceId: instance.id,
        accessKeyId: instance.accessKeyId,
        secretAccessKey: instance.secretAccessKey,
        region: context.region,
      };
    },
  );

  return {
    operations,
    all: () => [...instances.values()],
    find: (id) => instances.get(id),
    byAccessKey: (accessKeyId) => byAccessKey.get(accessKeyId),
    heard: (id) => lastHeardAtMs.set(id, context.now()),
    register: async (input) =>
      registration(input, {
        principal: "unregistered",
        allows: () => false,
        require: () => undefined,
        requireKeys: () => undefined,
      }),
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
