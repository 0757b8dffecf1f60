/**
 * Every error code that Steward answers with. One table: the HTTP status, whether the same call may succeed when it
 * is made again, and a short title. Codes are stable; messages may change.
 */
export const errorCodes = {
  invalid_request: { status: 400, retryable: false, title: "The request is malformed" },
  unknown_field: { status: 400, retryable: false, title: "The request has a field that is not known" },
  tenant_required: { status: 400, retryable: false, title: "Say which tenant is meant" },
  unauthenticated: { status: 401, retryable: false, title: "Not signed in" },
  certificate_refused: { status: 401, retryable: false, title: "The certificate is not accepted" },
  forbidden: { status: 403, retryable: false, title: "Not allowed" },
  tenant_suspended: { status: 403, retryable: false, title: "This tenant is suspended" },
  denied_by_gate: { status: 403, retryable: false, title: "A rule refused this" },
  not_found: { status: 404, retryable: false, title: "Not found" },
  wrong_door: { status: 404, retryable: false, title: "This route is not served here" },
  method_not_allowed: { status: 405, retryable: false, title: "Method not allowed" },
  conflict: { status: 409, retryable: true, title: "Somebody changed this at the same time" },
  invalid_transition: { status: 409, retryable: false, title: "Not possible in this state" },
  stale_sequence: { status: 409, retryable: false, title: "An older heartbeat" },
  stale_attempt: { status: 409, retryable: false, title: "The lease is no longer yours" },
  plan_changed: { status: 409, retryable: false, title: "The plan is not the one that was shown" },
  token_used: { status: 409, retryable: false, title: "The token was used before" },
  expired: { status: 410, retryable: false, title: "Too late" },
  too_large: { status: 413, retryable: false, title: "Too large" },
  unsupported_media_type: { status: 415, retryable: false, title: "Send JSON" },
  idempotency_mismatch: { status: 422, retryable: false, title: "This idempotency key was used for another request" },
  unprocessable: { status: 422, retryable: false, title: "Understood, but not possible" },
  quota_exceeded: { status: 429, retryable: false, title: "The tenant's quota is used up" },
  too_many_requests: { status: 429, retryable: true, title: "Too many requests" },
  internal: { status: 500, retryable: true, title: "Something went wrong on our side" },
  unavailable: { status: 503, retryable: true, title: "Not available right now" },
} as const satisfies Record<string, { status: number; retryable: boolean; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** One thing that is wrong with an input: where it is (`steps.0.variables.username`) and what to do about it. */
export interface FieldProblem {
  path: string;
  message: string;
}

export interface AppErrorOptions {
  /** What the caller should do next, in one sentence. */
  next?: string;
  /** Problems with single fields of the input. */
  fields?: FieldProblem[];
  /** Overrides the table's answer to "may the same call succeed later?". */
  retryable?: boolean;
  /** Seconds to wait before a retry. */
  retryAfterSeconds?: number;
  /** Further facts for the caller, such as the stored sequence of a stale heartbeat. Never a secret. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** The one exception type for faults. It is mapped to HTTP in one place (api) and to batch failures in one (functions). */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly next: string | undefined;
  readonly fields: FieldProblem[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
    this.next = options.next;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.details = options.details;
  }
}

/** True for an `AppError` of that code, also one that came from another copy of this module. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
