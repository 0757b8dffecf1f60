import { setTimeout as wait } from "node:timers/promises";
import { AppError } from "@steward/contracts/errors";

/** Errors of AWS, and of the way there, after which the same call may succeed. The SDK has tried three times by then. */
const passing = new Set([
  "ThrottlingException",
  "Throttling",
  "ThrottledException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "TooManyRequestsException",
  "TransactionConflictException",
  "TransactionInProgressException",
  "InternalServerError",
  "InternalFailure",
  "ServiceUnavailable",
  "SlowDown",
  "KMSInternalException",
  "DependencyTimeoutException",
  "TimeoutError",
]);
const networkCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
]);

/** True where the fault may pass by itself: throttling, a fault on AWS's side, no connection. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (passing.has(error.name)) return true;
  if ("code" in error && typeof error.code === "string" && networkCodes.has(error.code)) return true;
  const status = httpStatusOf(error);
  return status !== undefined && (status >= 500 || status === 429);
}

/** True for a fault of that name, whichever of AWS's names for "does not exist" and the like it is. */
export function isNamed(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

export function httpStatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

/** What to throw for a fault of AWS: `unavailable` where it may pass, `internal` where somebody must look. */
export function awsFault(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  const name = error instanceof Error ? error.name : "an unknown fault";
  if (isPassing(error)) {
    return new AppError("unavailable", `AWS did not manage to ${doing} (${name})`, {
      cause: error,
      retryAfterSeconds: 1,
    });
  }
  return new AppError("internal", `AWS refused to ${doing} (${name})`, { cause: error, retryable: false });
}

/** Runs one call to AWS, with its faults translated. */
export async function calling<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsFault(error, doing);
  }
}

/** Waits a random time below `baseMs × 2^attempt` (at most `capMs`): full jitter, so that those who collided do not meet again. */
export async function backOff(attempt: number, { baseMs = 20, capMs = 500 } = {}): Promise<void> {
  await wait(Math.random() * Math.min(capMs, baseMs * 2 ** attempt));
}

/** What AWS said, for whoever set a receiver up: its name for the fault and its sentence, and nothing of the call. */
export function sayWhy(error: unknown): string {
  if (!(error instanceof Error)) return "an unknown fault";
  return `${error.name}: ${error.message}`.slice(0, 300);
}
