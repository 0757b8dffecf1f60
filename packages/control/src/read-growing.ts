import { getDraft } from "@steward/aws/records/answer";
import type { GrowingAnswer } from "@steward/contracts/support";
import { growingSince } from "@steward/core/support/grow-answer";
import type { Context } from "./context.ts";

/** What there is of an answer that its reader has not got; undefined before its first word. */
export async function readGrowing(
  deps: Pick<Context, "table">,
  key: { tenantId: string; taskId: string },
  from: number,
): Promise<GrowingAnswer | undefined> {
  const draft = await getDraft(deps.table, key);
  return draft === undefined ? undefined : growingSince(draft, from);
}
