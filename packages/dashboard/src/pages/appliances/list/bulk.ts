import { type BulkResult, maxBulk } from "@steward/contracts/fleet";
import { watchfulSeconds } from "@steward/contracts/defaults";
import type { fleetRoutes } from "@steward/contracts/routes/fleet";
import type { InputOf } from "@steward/contracts/caller";

export type BulkBody = InputOf<typeof fleetRoutes.bulkNodes>["body"];
export type BulkChange = BulkBody["change"];

/** Each part is one request; every machine has its own outcome. What failed of a part is told, and the rest goes on. */
export async function changeInParts(
  ids: readonly string[],
  change: BulkChange,
  send: (body: BulkBody) => Promise<BulkResult>,
  tell: (done: number) => void = () => {},
): Promise<BulkResult> {
  const total: BulkResult = { changed: 0, items: [] };
  for (let at = 0; at < ids.length; at += maxBulk) {
    const part = ids.slice(at, at + maxBulk);
    try {
      const answer = await send({ nodes: part, change });
      total.changed += answer.changed;
      total.items.push(...answer.items);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      total.items.push(...part.map((id) => ({ id, outcome: "failed" as const, problem })));
    }
    tell(total.items.length);
  }
  return total;
}

/** One that watches less, and so wants a yes. */
export function watchesLess(seconds: number): boolean {
  return seconds > watchfulSeconds;
}

/** Tags as somebody types them, by spaces or commas. */
export function tagsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((one) => one !== ""))];
}
