import { AppError } from "@steward/contracts/errors";

/**
 * True when the server has said no for good. No answer, a fault, "later" and a certificate that is not accepted right
 * now are not that: the same call may be made again.
 */
export function isFinal(error: unknown): error is AppError {
  if (!(error instanceof AppError) || error.retryable) return false;
  return !["unauthenticated", "certificate_refused", "wrong_door", "unavailable", "internal"].includes(error.code);
}
