import { z } from "zod";
import { keyRingSchema } from "./key-ring.ts";
import type { ParameterName } from "./names.ts";

const arnOf = (service: string) =>
  z.string().regex(new RegExp(`^arn:aws[a-z-]*:${service}:[^:]*:[^:]*:.+$`), `the ARN of something of ${service}`);
const bucketName = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "the name of a bucket");
const name = z.string().min(1);

/** The truststore of the nodes door: which version of which object holds the CAs. */
export const truststoreSchema = z.strictObject({
  uri: z.string().regex(/^s3:\/\/[^/]+\/.+$/, "s3://bucket/key"),
  version: z.string().min(1),
});

/** The shape of each parameter's value, as text. */
export function parameterSchema(parameter: ParameterName): z.ZodType<string> {
  if (parameter.startsWith("queue-arn/") || parameter.startsWith("dead-letter-queue-arn/")) return arnOf("sqs");
  if (parameter.startsWith("key-arn/") || parameter === "data-key-arn") return arnOf("kms");
  if (parameter.startsWith("secret-arn/")) return arnOf("secretsmanager");
  if (parameter.endsWith("-bucket")) return bucketName;
  switch (parameter) {
    case "key-ring/dispatch":
    case "key-ring/approval":
    case "key-ring/release":
    case "key-ring/token":
    case "key-ring/issuer":
    case "key-ring/seal":
      return z.string().refine((text) => keyRingSchema.safeParse(parseJson(text)).success, "a key ring as JSON");
    case "table-arn":
      return arnOf("dynamodb");
    case "hybrid-role-arn":
    case "queue-role-arn":
      return arnOf("iam");
    case "alarm-topic-arn":
      return arnOf("sns");
    case "ca-certificate":
      return z.string().startsWith("-----BEGIN CERTIFICATE-----", "a certificate as PEM");
    case "truststore":
      return z.string().refine((text) => truststoreSchema.safeParse(parseJson(text)).success, "{uri, version} as JSON");
    case "root-public-key":
      return z.base64();
    default:
      return name;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
