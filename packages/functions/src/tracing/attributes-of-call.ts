/** A call of AWS. The input has contents in it: names are taken from it, and nothing else. */
export interface ObservedCall {
  /** `DynamoDB` */
  service: string;
  /** `UpdateItem` */
  operation: string;
  input: unknown;
}

/** A call by OpenTelemetry's conventions: which service and operation, and the name of what it is done to. Never a key, an item or a message. */
export function attributesOfCall({ service, operation, input }: ObservedCall): Record<string, string | string[]> {
  const { TableName: table, QueueUrl: queue, Bucket: bucket } = (input ?? {}) as Record<string, unknown>;
  return {
    "rpc.system": "aws-api",
    "rpc.service": service,
    "rpc.method": operation,
    ...(typeof table === "string" ? { "db.system.name": "aws.dynamodb", "aws.dynamodb.table_names": [table] } : {}),
    ...(typeof queue === "string"
      ? { "messaging.system": "aws_sqs", "messaging.destination.name": queue.split("/").at(-1) ?? "" }
      : {}),
    ...(typeof bucket === "string" ? { "aws.s3.bucket": bucket } : {}),
  };
}
