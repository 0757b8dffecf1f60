import { catalogue } from "@steward/catalogue/catalogue";
import { loadRequests } from "../understand/requests.ts";
import { runTier } from "../understand/run-tier.ts";
import { tallyOf } from "../understand/tally.ts";
import { matcherTier } from "../understand/tiers.ts";
import type { Figure } from "./report.ts";

/** How the matcher reads the requests of `bench/requests`, and how long it takes. `npm run bench:understand` tells more. */
export async function benchMatcher(): Promise<Figure[]> {
  const requests = loadRequests();
  const given = { actions: catalogue, runs: 1, concurrency: 1, capUsd: 0 };
  // Code that runs for the first time is slow: the figure is of a process that is awake.
  await runTier(matcherTier, requests, given);
  const judged = await runTier(matcherTier, requests, given);
  const all = tallyOf("all", judged);
  const todo = tallyOf(
    "something to do",
    judged.filter(({ request }) => request.mayAct && "plan" in request.right[0]),
  );
  const how = `${all.requests} requests over ${catalogue.length} actions`;
  return [
    { name: "matcher p99", value: all.p99Ms, unit: "ms", bar: { at: "most", value: 5 }, how },
    { name: "matcher wrong actions", value: all.wrong, unit: "", bar: { at: "most", value: 0 }, how },
    {
      name: "matcher right of its answers",
      value: all.precision * 100,
      unit: "%",
      bar: { at: "least", value: 95 },
      how: `${all.right + all.wrong + all.asked + all.refused} answers to ${how}`,
    },
    {
      name: "matcher coverage",
      value: todo.coverage * 100,
      unit: "%",
      how: `of ${todo.requests} requests with something to do; the others go to a model`,
    },
  ];
}
