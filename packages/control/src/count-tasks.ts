import { listTasks } from "@steward/aws/records/task";
import { flowStages } from "@steward/contracts/fleet";
import type { Context } from "./context.ts";

/** How many of the tenant's requests are in each stage, counted no further than `most`. */
export async function countTasks(
  deps: Pick<Context, "table">,
  tenantId: string,
  most: number,
): Promise<{ stage: (typeof flowStages)[number]; count: number; more: boolean }[]> {
  return Promise.all(
    flowStages.map(async (stage) => {
      const { items, after } = await listTasks(deps.table, tenantId, { status: stage, limit: most });
      return { stage, count: items.length, more: after !== undefined };
    }),
  );
}
