import type { Action } from "@steward/contracts/actions";
import type { Understanding } from "@steward/core/planning/planning-types";
import type { Request } from "./requests.ts";
import { contextOf, type Mark, markOf } from "./score.ts";
import type { Tier } from "./tiers.ts";

/** One reading of one request. `unasked`: the money was spent before it was its turn. */
export type Judged =
  | { request: Request; run: number; mark: Mark; understanding: Understanding; ms: number; costUsd: number }
  | { request: Request; run: number; mark: "failed"; reason: string; ms: number; costUsd: number }
  | { request: Request; run: number; mark: "unasked" };

/** Puts every request to a tier, `runs` times, several at once, and stops short of the cap: never a dollar over it. */
export async function runTier(
  tier: Tier,
  requests: readonly Request[],
  given: { actions: readonly Action[]; runs: number; concurrency: number; capUsd: number; onJudged?: () => void },
): Promise<Judged[]> {
  const { actions, runs, concurrency, capUsd, onJudged } = given;
  const todo = Array.from({ length: runs }, (_, run) => requests.map((request) => ({ request, run }))).flat();
  const judged: Judged[] = [];
  let next = 0;
  let spent = 0;
  let reserved = 0;
  const work = async () => {
    for (let one = todo[next++]; one !== undefined; one = todo[next++]) {
      const context = contextOf(one.request, actions);
      const most = tier.mostUsd(context);
      if (spent + reserved + most > capUsd) {
        judged.push({ ...one, mark: "unasked" });
        continue;
      }
      reserved += most;
      const reading = await tier.read(context);
      reserved -= most;
      spent += reading.costUsd;
      const { ms, costUsd } = reading;
      if (reading.kind === "failed") judged.push({ ...one, mark: "failed", reason: reading.reason, ms, costUsd });
      else {
        const { understanding } = reading;
        judged.push({ ...one, mark: markOf(one.request, understanding, actions), understanding, ms, costUsd });
      }
      onJudged?.();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return judged;
}
