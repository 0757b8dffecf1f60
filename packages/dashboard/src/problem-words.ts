import { AppError, errorCodes } from "@steward/contracts/errors";

export interface ProblemWords {
  title: string;
  detail: string | undefined;
  next: string | undefined;
  /** It heals by itself: the page asks again. */
  waits: boolean;
  requestId: string | undefined;
}

/** An error in words for who looks at the page. */
export function problemWords(error: unknown): ProblemWords {
  if (!(error instanceof AppError)) {
    return {
      title: "Something went wrong on this page",
      detail: error instanceof Error ? error.message : undefined,
      next: "Reload the page. If it happens again, tell whoever runs Steward what you did.",
      waits: false,
      requestId: undefined,
    };
  }
  const told = error.details?.["requestId"];
  const requestId = typeof told === "string" && error.code === "internal" ? told : undefined;
  const seconds = error.retryAfterSeconds;
  const waits = error.retryable || error.code === "unavailable";
  const again = waits
    ? seconds === undefined
      ? "This page tries again by itself."
      : `This page tries again in ${seconds} s.`
    : undefined;
  return {
    title: errorCodes[error.code].title,
    detail: sentence(error.message),
    next: error.next ?? again,
    waits,
    requestId,
  };
}

/** With a capital, and an end. */
export function sentence(text: string): string {
  return text === "" ? text : (text[0] ?? "").toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}
