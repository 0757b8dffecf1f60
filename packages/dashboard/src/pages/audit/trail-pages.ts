import type { AuditEntryView } from "@steward/contracts/audit";
import type { SealPage } from "../../audit/verify-here.ts";

const limit = 200;
type Query = { limit: number; cursor?: string };

/** Every entry, a page at a time. */
export async function* entryPages(
  ask: (query: Query) => Promise<{ items: AuditEntryView[]; cursor?: string | undefined }>,
): AsyncGenerator<AuditEntryView[]> {
  for await (const { items } of pages(ask)) yield items;
}

/** Every seal with its proof, oldest first. */
export function sealPages(
  ask: (query: Query) => Promise<SealPage & { cursor?: string | undefined }>,
): AsyncGenerator<SealPage> {
  return pages(ask);
}

async function* pages<Page extends { cursor?: string | undefined }>(
  ask: (query: Query) => Promise<Page>,
): AsyncGenerator<Page> {
  let cursor: string | undefined;
  do {
    const page = await ask({ limit, ...(cursor === undefined ? {} : { cursor }) });
    yield page;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
