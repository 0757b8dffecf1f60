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

interface ParameterVersion {
  version: number;
  value: string;
  type: "String" | "StringList" | "SecureString";
  description?: string;
  tier: "Standard" | "Advanced";
  modifiedAtMs: number;
  modifiedBy: string;
}

/** Stored under `ssm/parameter/{name}`: all versions, oldest first. */
type ParameterRecord = { name: string; versions: ParameterVersion[] };

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html */
const maxBytes = { Standard: 4096, Advanced: 8192 };
const maxVersions = 100;

/** Parameter Store. */
export function createParameters(
  context: CloudContext,
  journal: Journal,
): { operations: Operations; ensure: (name: string, value: string) => Promise<void> } {
  const arnOf = (name: string) =>
    `arn:aws:ssm:${context.region}:${context.accountId}:parameter${name.startsWith("/") ? "" : "/"}${name}`;
  const lookUp = (name: string) => journal.entries.get(`ssm/parameter/${name}`) as ParameterRecord | undefined;

  /** `name`, `name:version`, or the ARN of it. */
  const resolve = (reference: string): { name: string; parameter: ParameterVersion | undefined; selector: string } => {
    const plain = reference.startsWith("arn:")
      ? reference
          .split(":")
          .slice(5)
          .join(":")
          .replace(/^parameter/, "")
      : reference;
    const colon = plain.indexOf(":");
    const name = colon < 0 ? plain : plain.slice(0, colon);
    const selector = colon < 0 ? "" : plain.slice(colon);
    const versions = lookUp(name)?.versions ?? [];
    const parameter =
      selector === "" ? versions.at(-1) : versions.find((version) => String(version.version) === selector.slice(1));
    return { name, parameter, selector };
  };

  const answer = (name: string, one: ParameterVersion, selector = "") => ({
    Name: name,
    Type: one.type,
    Value: one.value,
    Version: one.version,
    ...(selector === "" ? {} : { Selector: selector }),
    LastModifiedDate: toSeconds(one.modifiedAtMs),
    ARN: arnOf(name),
    DataType: "text",
  });

  const names = () =>
    [...journal.entries.keys()]
      .filter((key) => key.startsWith("ssm/parameter/"))
      .map((key) => key.slice("ssm/parameter/".length))
      .sort();

  const badToken = () => new ServiceError("InvalidNextToken", "The specified token isn't valid.");
  const notFound = (name: string) => new ServiceError("ParameterNotFound", `Parameter ${name} not found.`);

  const remove = async (caller: Caller, action: string, wanted: string[]) => {
    for (const name of wanted) caller.require(`ssm:${action}`, name);
    const found = wanted.filter((name) => lookUp(name) !== undefined);
    await journal.commit(found.map((name) => ({ key: `ssm/parameter/${name}` })));
    return found;
  };

  const operations: Operations = {
    PutParameter: operation(
      z.object({
        Name: z.string().regex(/^[A-Za-z0-9_.\-/]{1,1011}$/, "letters, digits and _.-/ only"),
        Value: z.string().min(1),
        Type: z.enum(["String", "StringList", "SecureString"]).optional(),
        Description: z.string().max(1024).optional(),
        Overwrite: z.boolean().default(false),
        Tier: z.enum(["Standard", "Advanced", "Intelligent-Tiering"]).default("Standard"),
        AllowedPattern: z.string().optional(),
      }),
      async (input, caller) => {
        caller.require("ssm:PutParameter", input.Name);
        const existing = lookUp(input.Name);
        const last = existing?.versions.at(-1);
        if (last !== undefined && !input.Overwrite)
          throw new ServiceError(
            "ParameterAlreadyExists",
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
          );
        const type = input.Type ?? last?.type;
        if (type === undefined)
          throw new ServiceError("ValidationException", "A parameter type is required when you create a parameter.");
        const bytes = Buffer.byteLength(input.Value);
        const tier =
          input.Tier === "Intelligent-Tiering" ? (bytes > maxBytes.Standard ? "Advanced" : "Standard") : input.Tier;
        if (bytes > maxBytes[tier])
          throw new ServiceError(
            "ValidationException",
            `${tier} tier parameters support a maximum parameter value of ${maxBytes[tier]} characters.`,
          );
        if (input.AllowedPattern !== undefined && !new RegExp(input.AllowedPattern).test(input.Value))
          throw new ServiceError(
            "ParameterPatternMismatchException",
            "The parameter value does not match AllowedPattern.",
          );
        const version: ParameterVersion = {
          version: (last?.version ?? 0) + 1,
          value: input.Value,
          type,
          ...(input.Description === undefined ? {} : { description: input.Description }),
          tier,
          modifiedAtMs: context.now(),
          modifiedBy: caller.principal,
        };
        const record = { name: input.Name, versions: [...(existing?.versions ?? []), version].slice(-maxVersions) };
        await journal.commit([{ key: `ssm/parameter/${input.Name}`, value: record }]);
        return { Version: version.version, Tier: tier };
      },
    ),
    GetParameter: operation(z.object({ Name: z.string() }), (input, caller) => {
      const { name, parameter, selector } = resolve(input.Name);
      caller.require("ssm:GetParameter", name);
      if (parameter === undefined)
        throw selector === "" || lookUp(name) === undefined
          ? notFound(name)
          : new ServiceError(
              "ParameterVersionNotFound",
              `Systems Manager could not find version ${selector.slice(1)} of ${name}.`,
            );
      return { Parameter: answer(name, parameter, selector) };
    }),
    GetParameters: operation(z.object({ Names: z.array(z.string()).min(1).max(10) }), (input, caller) => {
      const resolved = input.Names.map((reference) => ({ reference, ...resolve(reference) }));
      for (const { name } of resolved) caller.require("ssm:GetParameters", name);
      return {
        Parameters: resolved.flatMap(({ name, parameter, selector }) =>
          parameter === undefined ? [] : [answer(name, parameter, selector)],
        ),
        InvalidParameters: resolved.flatMap(({ reference, parameter }) => (parameter === undefined ? [reference] : [])),
      };
    }),
    GetParametersByPath: operation(
      z.object({
        Path: z.string().startsWith("/"),
        Recursive: z.boolean().default(false),
        MaxResults: z.int().min(1).max(10).default(10),
        NextToken: z.string().optional(),
      }),
      (input, caller) => {
        caller.require("ssm:GetParametersByPath", input.Path);
        const prefix = input.Path.endsWith("/") ? input.Path : `${input.Path}/`;
        const below = names().filter(
          (name) => name.startsWith(prefix) && (input.Recursive || !name.slice(prefix.length).includes("/")),
        );
        const { items, nextToken } = page(below, (name) => name, {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken,
        });
        return {
          Parameters: items.flatMap((name) => {
            const parameter = lookUp(name)?.versions.at(-1);
            return parameter === undefined ? [] : [answer(name, parameter)];
          }),
          NextToken: nextToken,
        };
      },
    ),
    GetParameterHistory: operation(
      z.object({ Name: z.string(), MaxResults: z.int().min(1).max(50).default(50), NextToken: z.string().optional() }),
      (input, caller) => {
        caller.require("ssm:GetParameterHistory", input.Name);
        const record = lookUp(input.Name);
        if (record === undefined) throw notFound(input.Name);
        const { items, nextToken } = page(record.versions, ({ version }) => String(version), {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken,
        });
        return {
          Parameters: items.map((one) => ({
            Name: input.Name,
            Type: one.type,
            Value: one.value,
            Version: one.version,
            Description: one.description,
            Tier: one.tier,
            LastModifiedDate: toSeconds(one.modifiedAtMs),
            LastModifiedUser: one.modifiedBy,
          })),
          NextToken: nextToken,
        };
      },
    ),
    DescribeParameters: operation(
      z.object({ MaxResults: z.int().min(1).max(50).default(50), NextToken: z.string().optional() }),
      (input, caller) => {
        caller.require("ssm:DescribeParameters", "*");
        const { items, nextToken } = page(names(), (name) => name, {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken,
        });
        return {
          Parameters: items.map((name) => {
            const one = lookUp(name)?.versions.at(-1);
            return {
              Name: name,
              ARN: arnOf(name),
              Type: one?.type,
              Version: one?.version,
              Tier: one?.tier,
              Description: one?.description,
              LastModifiedDate: toSeconds(one?.modifiedAtMs ?? 0),
            };
          }),
          NextToken: nextToken,
        };
      },
    ),
    DeleteParameter: operation(z.object({ Name: z.string() }), async (input, caller) => {
      if ((await remove(caller, "DeleteParameter", [input.Name])).length === 0) throw notFound(input.Name);
      return {};
    }),
    DeleteParameters: operation(z.object({ Names: z.array(z.string()).min(1).max(10) }), async (input, caller) => {
      const found = await remove(caller, "DeleteParameters", input.Names);
      return { DeletedParameters: found, InvalidParameters: input.Names.filter((name) => !found.includes(name)) };
    }),
  };

  return {
    operations,
    ensure: async (name, value) => {
      if (lookUp(name)?.versions.at(-1)?.value === value) return;
      const caller: Caller = {
        principal: "stacks",
        allows: () => true,
        require: () => undefined,
        requireKeys: () => undefined,
      };
      await operations["PutParameter"]?.({ Name: name, Value: value, Type: "String", Overwrite: true }, caller);
    },
  };
}
