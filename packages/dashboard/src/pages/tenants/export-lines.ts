interface ExportPage {
  items: readonly unknown[];
  cursor?: string | undefined;
}

/** A page that does not come is asked for again once or twice; then the export is none. */
const tries = 3;

/** Every record as a line. Throws what the last try of a page threw, or where it was stopped. */
export async function exportLines(
  readPage: (cursor: string | undefined) => Promise<ExportPage>,
  { onProgress, signal }: { onProgress: (records: number) => void; signal: AbortSignal },
): Promise<string[]> {
  const lines: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await again(() => readPage(cursor), signal);
    for (const item of page.items) lines.push(`${JSON.stringify(item)}\n`);
    onProgress(lines.length);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return lines;
}

async function again<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await read();
    } catch (error) {
      const isRetryable = error instanceof Error && "retryable" in error && error.retryable === true;
      if (attempt >= tries || !isRetryable || signal.aborted) throw error;
      const seconds = "retryAfterSeconds" in error ? Number(error.retryAfterSeconds ?? 1) : 1;
      await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, 10) * 1_000));
    }
  }
}
