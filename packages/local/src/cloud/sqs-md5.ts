import { createHash } from "node:crypto";
import type { MessageAttribute } from "./sqs-queue.ts";

/**
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 * Sorted by name: length and bytes of name, length and bytes of type, 1 or 2 for text or binary, length and bytes.
 */
export function md5OfAttributes(attributes: Record<string, MessageAttribute>): string {
  const hash = createHash("md5");
  const part = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  for (const [name, attribute] of Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))) {
    part(Buffer.from(name));
    part(Buffer.from(attribute.DataType));
    const isBinary = attribute.DataType.startsWith("Binary");
    hash.update(Buffer.from([isBinary ? 2 : 1]));
    part(isBinary ? Buffer.from(attribute.BinaryValue ?? "", "base64") : Buffer.from(attribute.StringValue ?? ""));
  }
  return hash.digest("hex");
}
