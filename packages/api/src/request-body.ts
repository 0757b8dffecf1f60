import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { findUnstorable } from "./unstorable.ts";

const tooLarge = () =>
  new AppError("too_large", `the body is larger than ${defaults.maxBodyBytes / 1024} KB`, {
    next: "Send less at once; output and other big things go up through presigned URLs.",
    fields: [{ path: "", message: `at most ${defaults.maxBodyBytes} bytes` }],
  });

/**
 * The body as JSON, refused by its announced and by its true size before anything parses it. `undefined` without one.
 */
export async function readBody(request: Request): Promise<unknown> {
  const announced = request.headers.get("content-length");
  if (announced !== null && Number(announced) > defaults.maxBodyBytes) throw tooLarge();
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length > defaults.maxBodyBytes) throw tooLarge();
  if (bytes.length === 0) return undefined;
  return parseJsonBody(bytes, request.headers.get("content-type") ?? undefined);
}

/** What a page's `<form method="post">` sends: the one kind of POST that a browser makes to another origin unasked. */
export function isForm(request: Request): boolean {
  return mediaTypeOf(request.headers.get("content-type") ?? undefined) === "application/x-www-form-urlencoded";
}

function mediaTypeOf(contentType: string | undefined): string | undefined {
  return contentType?.split(";")[0]?.trim().toLowerCase();
}

/** Checks the media type, then parses. Shared with the heartbeat's short chain, which has no `Request` and may have a text. */
export function parseJsonBody(body: Uint8Array | string, contentType: string | undefined): unknown {
  if ((typeof body === "string" ? Buffer.byteLength(body) : body.length) > defaults.maxBodyBytes) throw tooLarge();
  const mediaType = mediaTypeOf(contentType);
  if (mediaType !== "application/json") {
    throw new AppError("unsupported_media_type", `the body's content type is ${mediaType ?? "missing"}`, {
      next: "Send JSON with Content-Type: application/json.",
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(typeof body === "string" ? asIfDecoded(body) : decoder.decode(body));
  } catch (cause) {
    throw new AppError("invalid_request", "the body is not valid JSON in UTF-8", {
      cause,
      fields: [{ path: "", message: cause instanceof Error ? cause.message.slice(0, 200) : "is not JSON" }],
    });
  }
  const unstorable = findUnstorable(value);
  if (unstorable === undefined) return value;
  throw new AppError("invalid_request", `${unstorable.path || "the body"} ${unstorable.message}`, {
    fields: [unstorable],
  });
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** What its bytes would be read as: without a mark of their order, and with a sign where half a character stands. */
function asIfDecoded(text: string): string {
  return (text.startsWith("\uFEFF") ? text.slice(1) : text).toWellFormed();
}
