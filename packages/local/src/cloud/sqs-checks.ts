import { z } from "zod";
import { ServiceError } from "./service.ts";
import type { MessageAttribute, QueueSettings } from "./sqs-queue.ts";

export interface QueueRecord {
  attributes: Record<string, string>;
  createdAtMs: number;
  modifiedAtMs: number;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const maxMessageBytes = 1_048_576;
const maxBatchEntries = 10;
export const maxInFlight = 120_000;
export const maxHiddenSeconds = 43_200;

export const defaultAttributes: Record<string, string> = {
  VisibilityTimeout: "30",
  DelaySeconds: "0",
  MaximumMessageSize: String(maxMessageBytes),
  MessageRetentionPeriod: "345600",
  ReceiveMessageWaitTimeSeconds: "0",
  SqsManagedSseEnabled: "true",
};

/** Attributes that may be set, with their ranges. */
const numberRanges: Record<string, [number, number]> = {
  VisibilityTimeout: [0, maxHiddenSeconds],
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1024, maxMessageBytes],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
};
export const messageGroupPattern = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;
const textAttributes = ["RedrivePolicy", "RedriveAllowPolicy", "Policy", "SqsManagedSseEnabled", "KmsMasterKeyId"];

const redriveSchema = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1000),
});

const attributeSchema = z.object({
  DataType: z.string(),
  StringValue: z.string().optional(),
  BinaryValue: z.string().optional(),
});
export const attributeMap = z.record(z.string(), z.string()).optional();
export const sendFields = {
  MessageBody: z.string(),
  DelaySeconds: z.int().optional(),
  MessageAttributes: z.record(z.string(), attributeSchema).optional(),
  MessageSystemAttributes: z.record(z.string(), attributeSchema).optional(),
  MessageGroupId: z.string().optional(),
  MessageDeduplicationId: z.string().optional(),
};
export interface SendEntry {
  MessageBody: string;
  DelaySeconds?: number | undefined;
  MessageAttributes?: Record<string, MessageAttribute> | undefined;
  MessageSystemAttributes?: Record<string, MessageAttribute> | undefined;
  MessageGroupId?: string | undefined;
  MessageDeduplicationId?: string | undefined;
}

export const knownAttributes = new Set([
  ...Object.keys(numberRanges),
  ...textAttributes,
  "QueueArn",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
]);

export function settingsOf(record: QueueRecord): QueueSettings {
  const policy = record.attributes.RedrivePolicy;
  const redrive = policy === undefined ? undefined : redriveSchema.parse(JSON.parse(policy));
  return {
    visibilityTimeoutSeconds: Number(record.attributes.VisibilityTimeout ?? 30),
    retentionSeconds: Number(record.attributes.MessageRetentionPeriod ?? 345_600),
    redrive:
      redrive === undefined
        ? undefined
        : {
            deadLetterQueue: redrive.deadLetterTargetArn.split(":").at(-1) ?? "",
            maxReceiveCount: redrive.maxReceiveCount,
          },
  };
}

export function checkAttributes(attributes: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(attributes)) {
    const range = numberRanges[name];
    const bad = () =>
      new ServiceError("com.amazonaws.sqs#InvalidAttributeValue", `Invalid value for the parameter ${name}.`, {
        queryCode: "InvalidAttributeValue",
      });
    if (range !== undefined) {
      if (!/^\d+$/.test(value) || Number(value) < range[0] || Number(value) > range[1]) throw bad();
    } else if (name === "RedrivePolicy") {
      if (value !== "" && !redriveSchema.safeParse(parseJson(value)).success) throw bad();
    } else if (!textAttributes.includes(name)) {
      throw new ServiceError("com.amazonaws.sqs#InvalidAttributeName", `Unknown Attribute ${name}.`, {
        queryCode: "InvalidAttributeName",
      });
    }
  }
  return attributes;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The message's size as AWS counts it, after its content was found acceptable. */
export function checkContent(entry: SendEntry): number {
  if (entry.MessageBody.length === 0)
    throw new ServiceError("MissingParameter", "The request must contain the parameter MessageBody.", {
      queryCode: "MissingParameter",
    });
  // These are what XML, and so SQS, forbids.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(entry.MessageBody))
    throw new ServiceError(
      "com.amazonaws.sqs#InvalidMessageContents",
      "Invalid characters found in the message body.",
      {
        queryCode: "InvalidMessageContents",
      },
    );
  const attributes = Object.entries(entry.MessageAttributes ?? {});
  if (attributes.length > 10) throw invalidParameter("Number of message attributes exceeds the allowed maximum [10].");
  for (const [name, attribute] of attributes) {
    if (!/^(String|Number|Binary)(\.|$)/.test(attribute.DataType))
      throw invalidParameter(`The type of message (user) attribute '${name}' is invalid: String, Number or Binary.`);
    if ((attribute.StringValue ?? attribute.BinaryValue ?? "") === "")
      throw invalidParameter(`The message (user) attribute '${name}' must contain a non-empty value.`);
  }
  return sizeOf(entry);
}

export function sizeOf(entry: SendEntry): number {
  let bytes = Buffer.byteLength(entry.MessageBody);
  for (const [name, attribute] of Object.entries(entry.MessageAttributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType);
    if (attribute.StringValue !== undefined) bytes += Buffer.byteLength(attribute.StringValue);
    if (attribute.BinaryValue !== undefined) bytes += Buffer.byteLength(attribute.BinaryValue, "base64");
  }
  return bytes;
}

export function checkBatch(entries: { Id: string }[]): void {
  const refuse = (code: string, text: string) =>
    new ServiceError(`com.amazonaws.sqs#${code}`, text, { queryCode: `AWS.SimpleQueueService.${code}` });
  if (entries.length === 0) throw refuse("EmptyBatchRequest", "There should be at least one entry in the request.");
  if (entries.length > maxBatchEntries)
    throw refuse(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${maxBatchEntries}. You have sent ${entries.length}.`,
    );
  for (const { Id } of entries)
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(Id))
      throw refuse("InvalidBatchEntryId", "A batch entry id is 1 to 80 alphanumeric characters, hyphens, underscores.");
  if (new Set(entries.map(({ Id }) => Id)).size !== entries.length)
    throw refuse("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.");
}

export function inRange(name: string, value: number, min: number, max: number): number {
  if (value < min || value > max)
    throw invalidParameter(
      `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${min} and ${max}, if provided.`,
    );
  return value;
}

export function noSuchQueue(): ServiceError {
  return new ServiceError("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.", {
    queryCode: "AWS.SimpleQueueService.NonExistentQueue",
  });
}

export function invalidParameter(message: string): ServiceError {
  return new ServiceError("InvalidParameterValue", message, { queryCode: "InvalidParameterValue" });
}

export function unsupported(message: string): ServiceError {
  return new ServiceError("com.amazonaws.sqs#UnsupportedOperation", message, {
    queryCode: "AWS.SimpleQueueService.UnsupportedOperation",
  });
}
