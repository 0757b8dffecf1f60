import { ServiceError } from "./service.ts";

const maxLineBytes = 4096;

/**
 * Decodes `aws-chunked` bodies with unsigned chunks and a trailer, as the SDK sends streams. Trailers are put into
 * `trailers` (lower-case names) by the time the last chunk was read.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  let buffer: Buffer = Buffer.alloc(0);
  /** Bytes of the current chunk still to come; -1 while a size line is expected, -2 in the trailer. */
  let remaining = -1;
  const line = (): string | undefined => {
    const end = buffer.indexOf("\r\n");
    if (end > maxLineBytes || (end < 0 && buffer.length > maxLineBytes)) throw malformed();
    if (end < 0) return undefined;
    const text = buffer.toString("latin1", 0, end);
    buffer = buffer.subarray(end + 2);
    return text;
  };
  for await (const piece of source) {
    buffer = buffer.length === 0 ? piece : Buffer.concat([buffer, piece]);
    for (;;) {
      if (remaining > 0) {
        if (buffer.length === 0) break;
        const data = buffer.subarray(0, remaining);
        buffer = buffer.subarray(data.length);
        remaining -= data.length;
        yield data;
      } else if (remaining === 0) {
        if (buffer.length < 2) break;
        if (buffer[0] !== 13 || buffer[1] !== 10) throw malformed();
        buffer = buffer.subarray(2);
        remaining = -1;
      } else {
        const text = line();
        if (text === undefined) break;
        if (remaining === -1) {
          if (!/^[0-9a-fA-F]{1,8}$/.test(text)) throw malformed();
          const size = Number.parseInt(text, 16);
          remaining = size === 0 ? -2 : size;
        } else if (text !== "") {
          const colon = text.indexOf(":");
          if (colon < 0) throw malformed();
          trailers.set(text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim());
        }
      }
    }
  }
  if (remaining !== -2) throw malformed();
}

function malformed(): ServiceError {
  return new ServiceError("IncompleteBody", "The aws-chunked body is malformed or ends too early.");
}
