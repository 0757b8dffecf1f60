import { AppError, type FieldProblem } from "@steward/contracts/errors";

/** What the process ends with. Scripts rely on these; they are in the help. */
export const exitCodes = {
  ok: 0,
  /** The task failed, was refused, rejected or cancelled; or the call was not allowed. */
  failed: 1,
  /** The command was not understood, or the request was malformed. */
  usage: 2,
  /** The API does not answer, or the sign-in is missing or over. */
  unreachable: 3,
  /** Somebody must decide first: an answer, or an approval. */
  waiting: 4,
  /** Ctrl-C. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A fault that the CLI itself found. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly next: string | undefined;
  readonly fields: FieldProblem[] | undefined;

  constructor(
    exitCode: ExitCode,
    message: string,
    options: { next?: string; fields?: FieldProblem[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CliError";
    this.exitCode = exitCode;
    this.next = options.next;
    this.fields = options.fields;
  }
}

export function usageError(message: string, next?: string): CliError {
  return new CliError(exitCodes.usage, message, next === undefined ? {} : { next });
}

/** The exit code for whatever was thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (!(error instanceof AppError)) return exitCodes.failed;
  switch (error.code) {
    case "unauthenticated":
    case "unavailable":
      return exitCodes.unreachable;
    case "invalid_request":
    case "unknown_field":
    case "tenant_required":
    case "unsupported_media_type":
    case "too_large":
      return exitCodes.usage;
    default:
      return exitCodes.failed;
  }
}
