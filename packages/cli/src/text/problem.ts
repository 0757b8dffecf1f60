import { AppError, errorCodes } from "@steward/contracts/errors";
import { CliError } from "../exit-codes.ts";
import type { Paint } from "./paint.ts";
import { visible } from "./visible.ts";

/** What went wrong, where in the input, and what to do next. */
export function problemText(error: unknown, paint: Paint): string {
  const lines = [`${paint.red("✘")} ${visible(messageOf(error))}`];
  if (error instanceof AppError || error instanceof CliError) {
    for (const field of error.fields ?? []) {
      lines.push(`  ${field.path === "" ? "" : `${paint.bold(visible(field.path))}: `}${visible(field.message)}`);
    }
    const next = nextOf(error);
    if (next !== undefined) lines.push(`  ${paint.dim("→")} ${visible(next)}`);
    const fault = appErrorOf(error);
    const requestId = requestIdOf(error);
    // What whoever runs the installation looks for. Of a refusal everything is said.
    if (requestId !== undefined && (fault?.code === "internal" || fault?.code === "unavailable")) {
      lines.push(`  ${paint.dim(`request ${visible(requestId)}`)}`);
    }
  }
  return lines.join("\n");
}

/** The same for `--json`. */
export function problemJson(error: unknown): { error: Record<string, unknown> } {
  const code = error instanceof AppError ? error.code : error instanceof CliError ? "cli" : "internal";
  const known = error instanceof AppError || error instanceof CliError ? error : undefined;
  const requestId = requestIdOf(error);
  return {
    error: {
      code,
      message: messageOf(error),
      ...(known?.fields === undefined ? {} : { fields: known.fields }),
      ...(known === undefined || nextOf(known) === undefined ? {} : { next: nextOf(known) }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  };
}

function appErrorOf(error: unknown): AppError | undefined {
  const found = error instanceof CliError ? error.cause : error;
  return found instanceof AppError ? found : undefined;
}

/** Of a call that the API has refused, or may have got without answering. */
function requestIdOf(error: unknown): string | undefined {
  const told = appErrorOf(error)?.details?.["requestId"];
  return typeof told === "string" ? told : undefined;
}

function messageOf(error: unknown): string {
  if (error instanceof AppError) return error.message === "" ? errorCodes[error.code].title : error.message;
  return error instanceof Error ? error.message : String(error);
}

function nextOf(error: AppError | CliError): string | undefined {
  if (error.next !== undefined) return error.next;
  if (error instanceof CliError) return undefined;
  if (error.code === "unauthenticated") return "Sign in again: steward login <link>";
  if (error.code === "tenant_required") return "Name one with --tenant; `steward tenant ls` shows them.";
  if (error.retryAfterSeconds !== undefined) return `Try again in ${error.retryAfterSeconds} s.`;
  return undefined;
}
