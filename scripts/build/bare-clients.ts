import { permissions } from "@steward/contracts/permissions";
import { type FunctionName, functionDefinitions } from "@steward/functions/definitions";

interface SdkService {
  package: string;
  client: string;
}

/** By the service's name in IAM. Whoever may only pass a role calls nothing of IAM itself. */
const services: Readonly<Record<string, SdkService | undefined>> = {
  dynamodb: { package: "client-dynamodb", client: "DynamoDBClient" },
  sqs: { package: "client-sqs", client: "SQSClient" },
  kms: { package: "client-kms", client: "KMSClient" },
  ssm: { package: "client-ssm", client: "SSMClient" },
  s3: { package: "client-s3", client: "S3Client" },
  secretsmanager: { package: "client-secrets-manager", client: "SecretsManagerClient" },
  autoscaling: { package: "client-auto-scaling", client: "AutoScalingClient" },
  sts: { package: "client-sts", client: "STSClient" },
  sns: { package: "client-sns", client: "SNSClient" },
  ses: { package: "client-sesv2", client: "SESv2Client" },
  cloudwatch: { package: "client-cloudwatch", client: "CloudWatchClient" },
};

/** The document client's commands, by the right that each needs. A transaction needs the rights of its parts. */
const documentCommands: Readonly<Record<string, readonly string[] | undefined>> = {
  GetItem: ["GetCommand"],
  BatchGetItem: ["BatchGetCommand"],
  Query: ["QueryCommand"],
  PutItem: ["PutCommand", "TransactWriteCommand"],
  UpdateItem: ["UpdateCommand", "TransactWriteCommand"],
  DeleteItem: ["DeleteCommand", "TransactWriteCommand"],
  Scan: ["ScanCommand"],
  ConditionCheckItem: ["TransactWriteCommand"],
};

/** Commands of other names than the right that they need. */
const otherCommands: Readonly<Record<string, readonly string[] | undefined>> = {
  "s3:GetObjectVersion": ["GetObjectCommand"],
  "s3:ListBucketVersions": ["ListObjectVersionsCommand"],
};

/** Rights that have no command of their own name. */
const withoutCommand: ReadonlySet<string> = new Set([
  "s3:ListBucket",
  "iam:PassRole",
  "dynamodb:DescribeTable",
  "lambda:InvokeFunction",
]);

/**
 * A module with nothing but the SDK clients that a function's rights ask for, each made once, and the commands that those
 * rights allow: what the same function costs when there is no Steward in it.
 */
export function bareClients(name: FunctionName): { text: string; clients: string[] } {
  const grants = permissions("bench", "111122223333")[functionDefinitions[name].principal];
  const rights = [...new Set(grants.flatMap(({ actions }) => actions))].filter((right) => !withoutCommand.has(right));
  const commands = new Map<string, Set<string>>();
  for (const right of rights) {
    const [service = "", action = ""] = right.split(":");
    const known = commands.get(service) ?? new Set<string>();
    const names = service === "dynamodb" ? documentCommands[action] : (otherCommands[right] ?? [`${action}Command`]);
    if (names === undefined) throw new Error(`which command of the document client does ${right} allow?`);
    for (const command of names) known.add(command);
    commands.set(service, known);
  }
  const lines: string[] = [];
  const clients: string[] = [];
  for (const [service, names] of commands) {
    const sdk = services[service];
    if (sdk === undefined) throw new Error(`which SDK client calls ${service}?`);
    const path = `@aws-sdk/${sdk.package}`;
    clients.push(sdk.package);
    const list = [...names].join(", ");
    if (service === "dynamodb") {
      lines.push(`import { ${sdk.client} } from "${path}";`);
      lines.push(`import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";`);
      lines.push(`export { ${list} } from "@aws-sdk/lib-dynamodb";`);
      lines.push(`export const ${service} = DynamoDBDocumentClient.from(new ${sdk.client}({}));`);
    } else {
      lines.push(`import { ${sdk.client} } from "${path}";`);
      lines.push(`export { ${list} } from "${path}";`);
      lines.push(`export const ${service} = new ${sdk.client}({});`);
    }
  }
  return { text: lines.join("\n"), clients };
}
