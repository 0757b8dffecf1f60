import { bucketNames, type ParameterName, parametersBy, resourceNames } from "@steward/contracts/names";
import type { PermanentStage } from "../../../infra/stages.ts";
import { settingsOf } from "../../../infra/stages.ts";

/** Values of the shape that each parameter of a permanent stage has, once `stacks/` and `cert init` have written them. */
export function stageParameters(stage: PermanentStage): Record<string, string> {
  const names: readonly ParameterName[] = [...parametersBy.stacks, ...parametersBy["cert-init"]];
  return Object.fromEntries(names.map((name) => [name, valueOf(stage, name)]));
}

export function valueOf(stage: PermanentStage, name: ParameterName): string {
  const { account, region } = settingsOf(stage);
  const names = resourceNames(stage);
  const buckets = bucketNames(stage, account);
  const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${account}:${rest}`;
  const [kind, of = ""] = name.split("/");
  switch (kind) {
    case "queue-arn":
      return arn("sqs", `${names.prefix}-${of}`);
    case "dead-letter-queue-arn":
      return arn("sqs", `${names.prefix}-${of}-dlq`);
    case "key-arn":
      return arn("kms", `key/${of}`);
    case "secret-arn":
      return arn("secretsmanager", `secret:${names.prefix}/${of}-AbCdEf`);
    case "data-key-arn":
      return arn("kms", "key/data");
    case "table-arn":
      return arn("dynamodb", `table/${names.table}`);
    case "alarm-topic-arn":
      return arn("sns", names.alarmTopic);
    case "hybrid-role-arn":
      return `arn:aws:iam::${account}:role/${names.hybridRole}`;
    case "queue-role-arn":
      return `arn:aws:iam::${account}:role/${names.queueRole}`;
    case "bundle-bucket":
      return buckets.bundles;
    case "output-bucket":
      return buckets.outputs;
    case "truststore-bucket":
      return buckets.truststore;
    case "audit-bucket":
      return buckets.audit;
    case "truststore":
      return JSON.stringify({ uri: `s3://${buckets.truststore}/truststore.pem`, version: "version-7" });
    case "ca-certificate":
      return "-----BEGIN CERTIFICATE-----\n";
    default:
      return name;
  }
}
