import { AppError } from "@steward/contracts/errors";

/**
 * The bytes behind an address that the control plane has signed. Whose they are is for the caller to check: the store is not
 * believed. Throws `unavailable` where they do not come, all of them and in time, and `forbidden` where there are too many.
 */
export async function download(
  url: string,
  { what, maxBytes, timeoutMs }: { what: string; maxBytes: number; timeoutMs: number },
): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok || response.body === null) throw new Error(`the store answered ${response.status}`);
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of response.body) {
      bytes += part.length;
      if (bytes > maxBytes) throw new AppError("forbidden", `${what} is refused: it is too large`);
      parts.push(part);
    }
    return new Uint8Array(Buffer.concat(parts));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("unavailable", `${what} could not be downloaded`, { cause });
  }
}
