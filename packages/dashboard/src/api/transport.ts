import type { Transport } from "@steward/contracts/caller";
import { AppError } from "@steward/contracts/errors";
import { newTraceId, traceparentHeader, traceparentOf } from "@steward/contracts/trace-context";

const timeoutMs = 30_000;
const mostKept = 60;
/** What was answered last to a question, by its ETag: an answer of 304 stands for it. The oldest goes first. */
const kept = new Map<string, { etag: string; text: string }>();

/** One exchange with our own origin. No answer at all is `unavailable`, as a gateway's would be. */
export const send: Transport = async ({ method, url, headers, body, signal }) => {
  const key = `${headers["steward-tenant"] ?? ""} ${url}`;
  const known = method === "GET" ? kept.get(key) : undefined;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: known === undefined ? headers : { ...headers, "if-none-match": known.etag },
      ...(body === undefined ? {} : { body }),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal:
        signal === undefined
          ? AbortSignal.timeout(timeoutMs)
          : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new AppError("unavailable", "Steward does not answer", {
      next: "This page tries again by itself. If it stays so, look whether Steward is running.",
      cause: error,
    });
  }
  const header = (name: string) => response.headers.get(name) ?? undefined;
  if (response.status === 304 && known !== undefined) return { status: 200, text: async () => known.text, header };
  const etag = header("etag");
  if (method === "GET" && response.status === 200 && etag !== undefined) {
    kept.delete(key);
    kept.set(key, { etag, text });
    const [oldest] = kept.keys();
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
  }
  return { status: response.status, text: async () => text, header };
};

/** What another person signs in to see is none of what this one was answered. */
export function forgetAnswers(): void {
  kept.clear();
}

/** Names a call for whoever looks for it: in logs, and in the trail. */
export function traceHeaders(): Record<string, string> {
  return { [traceparentHeader]: traceparentOf(newTraceId()) ?? "" };
}
