import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { IPolicyValidationContext, IPolicyValidationPlugin, PolicyValidationPluginReport } from "aws-cdk-lib";
import { z } from "zod";

/** What cannot be got back once CloudFormation has removed or replaced it, and what of it a replacement would change. */
const statefulTypes: Readonly<Record<string, { identity: readonly string[]; deletionProtection?: string }>> = {
  "AWS::DynamoDB::Table": { identity: ["TableName", "KeySchema"], deletionProtection: "DeletionProtectionEnabled" },
  "AWS::S3::Bucket": { identity: ["BucketName"] },
  "AWS::SQS::Queue": { identity: ["QueueName"] },
  "AWS::KMS::Key": { identity: ["KeySpec", "KeyUsage"] },
  "AWS::SecretsManager::Secret": { identity: ["Name"] },
  "AWS::Backup::BackupVault": { identity: ["BackupVaultName"] },
  // None so far. Whoever adds one finds it guarded.
  "AWS::DynamoDB::GlobalTable": { identity: ["TableName", "KeySchema"] },
  "AWS::EFS::FileSystem": { identity: ["AvailabilityZoneName", "Encrypted"] },
  "AWS::RDS::DBInstance": { identity: ["DBInstanceIdentifier"], deletionProtection: "DeletionProtection" },
  "AWS::RDS::DBCluster": { identity: ["DBClusterIdentifier"], deletionProtection: "DeletionProtection" },
};

const statefulResourceSchema = z.strictObject({
  /** `steward-prod-data` */
  stack: z.string(),
  logicalId: z.string(),
  type: z.string(),
  /** The properties that make it this one. */
  identity: z.record(z.string(), z.unknown()),
});
export type StatefulResource = z.infer<typeof statefulResourceSchema>;

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: z.record(z.string(), z.unknown()).default({}),
      DeletionPolicy: z.string().optional(),
      UpdateReplacePolicy: z.string().optional(),
    }),
  ),
});
export type Template = z.infer<typeof templateSchema>;

/** The committed list, by stage: `npx node stacks/stateful.ts --write` makes it. */
export const statefulListUrl = new URL("stateful.json", import.meta.url);

export function readStatefulList(): Record<string, StatefulResource[]> {
  return z.record(z.string(), z.array(statefulResourceSchema)).parse(JSON.parse(readFileSync(statefulListUrl, "utf8")));
}

export function parseTemplate(text: string): Template {
  return templateSchema.parse(JSON.parse(text));
}

/** The stateful resources of these templates, by stack name. */
export function findStateful(templates: Readonly<Record<string, Template>>): StatefulResource[] {
  return Object.entries(templates).flatMap(([stack, { Resources }]) =>
    Object.entries(Resources).flatMap(([logicalId, { Type: type, Properties }]) => {
      const rule = statefulTypes[type];
      if (rule === undefined) return [];
      const identity = Object.fromEntries(
        rule.identity.flatMap((property) => (property in Properties ? [[property, Properties[property]]] : [])),
      );
      return [{ stack, logicalId, type, identity }];
    }),
  );
}

export interface StatefulProblem {
  stack: string;
  what: string;
  next: string;
}

/** Everything that a deploy of these templates would take from the stage, or could. */
export function judgeStateful(
  listed: readonly StatefulResource[],
  templates: Readonly<Record<string, Template>>,
): StatefulProblem[] {
  const found = findStateful(templates);
  const same = (one: StatefulResource) => (other: StatefulResource) =>
    one.stack === other.stack && one.logicalId === other.logicalId;
  const named = ({ stack, logicalId, type }: StatefulResource) => `${type} ${logicalId} of ${stack}`;
  const write = "run `npx node stacks/stateful.ts --write` and commit stacks/stateful.json";
  return [
    ...listed.flatMap((resource) => {
      const now = found.find(same(resource));
      if (now === undefined) {
        return [
          {
            stack: resource.stack,
            what: `${named(resource)} (${JSON.stringify(resource.identity)}) is gone from the template`,
            next: `Put it back. If its data may go for good: ${write}, in a change of its own.`,
          },
        ];
      }
      if (now.type === resource.type && isDeepStrictEqual(now.identity, resource.identity)) return [];
      return [
        {
          stack: resource.stack,
          what: `${named(resource)} would be replaced by an empty one: ${JSON.stringify(resource.identity)} becomes ${now.type === resource.type ? "" : `${now.type} `}${JSON.stringify(now.identity)}`,
          next: `Keep what identifies it. If its data has been moved: ${write}, in a change of its own.`,
        },
      ];
    }),
    ...found
      .filter((resource) => !listed.some(same(resource)))
      .map((resource) => ({
        stack: resource.stack,
        what: `${named(resource)} is not in the list of what must stay`,
        next: `To guard it from now on, ${write}.`,
      })),
    ...found.flatMap((resource) => unprotected(resource, templates)),
  ];
}

function unprotected(resource: StatefulResource, templates: Readonly<Record<string, Template>>): StatefulProblem[] {
  const { stack, logicalId, type } = resource;
  const { DeletionPolicy, UpdateReplacePolicy, Properties = {} } = templates[stack]?.Resources[logicalId] ?? {};
  const protection = statefulTypes[type]?.deletionProtection;
  const missing = [
    ...(DeletionPolicy?.startsWith("Retain") === true ? [] : ["DeletionPolicy Retain"]),
    ...(UpdateReplacePolicy === "Retain" ? [] : ["UpdateReplacePolicy Retain"]),
    ...(protection === undefined || Properties[protection] === true ? [] : [protection]),
  ];
  if (missing.length === 0) return [];
  return [
    {
      stack,
      what: `${type} ${logicalId} of ${stack} goes with its stack: it has no ${missing.join(", no ")}`,
      next: "Set `removalPolicy: RemovalPolicy.RETAIN`, and deletion protection where the type has it.",
    },
  ];
}

/** Fails a synth that would take something from a permanent stage, or leaves something of it unguarded. */
export class StatefulGuard implements IPolicyValidationPlugin {
  readonly name = "steward-stateful";
  readonly #listed: readonly StatefulResource[];

  constructor(listed: readonly StatefulResource[]) {
    this.#listed = listed;
  }

  validate({ stackTemplates }: IPolicyValidationContext): PolicyValidationPluginReport {
    const templates = Object.fromEntries(
      stackTemplates.map(({ stackConstructPath, templatePath }) => [
        stackConstructPath,
        parseTemplate(readFileSync(templatePath, "utf8")),
      ]),
    );
    const violations = judgeStateful(this.#listed, templates).map(({ stack, what, next }, index) => ({
      ruleName: `stateful-${index + 1}`,
      description: what,
      fix: next,
      // Nothing may be acknowledged away here: the list is where an exception is written.
      severity: "fatal",
      violatingResources: [{ constructPath: stack, locations: [] }],
    }));
    return { success: violations.length === 0, violations };
  }
}
