import { AppError, errorCodes, type ErrorCode } from "@steward/contracts/errors";
import type { Problem } from "@steward/contracts/problem";

/** What a caller sees of an error. The one place where errors become HTTP. */
export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: Problem;
}

/**
 * An `AppError` keeps its code, message, fields and next step. Everything else is our fault: the caller gets the request
 * id, and the cause stays in the log.
 */
export function problemOf(error: unknown, requestId: string): ProblemAnswer {
  const known = appErrorOf(error);
  const entry = errorCodes[known.code];
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (known.retryAfterSeconds !== undefined) headers["retry-after"] = String(Math.ceil(known.retryAfterSeconds));
  if (entry.status === 401) headers["www-authenticate"] = "Bearer";
  const allow = known.details?.allow;
  if (known.code === "method_not_allowed" && typeof allow === "string") headers.allow = allow;
  return {
    status: entry.status,
    headers,
    body: {
      ...known.details,
      type: `urn:steward:problem:${known.code}`,
      title: entry.title,
      status: entry.status,
      code: known.code,
      detail: known.message,
      ...(known.next === undefined ? {} : { next: known.next }),
      ...(known.fields === undefined ? {} : { fields: known.fields }),
      requestId,
    },
  };
}

/** The error itself, or `internal` around it. Recognises an `AppError` of another copy of its module too. */
function appErrorOf(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === "AppError" && "code" in error && isErrorCode(error.code)) {
    return new AppError(error.code, error.message, { cause: error });
  }
  return new AppError("internal", "Something went wrong on our side.", {
    next: "Try again. If it goes on, give the request id to whoever runs this installation.",
    cause: error,
  });
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(errorCodes, code);
}
