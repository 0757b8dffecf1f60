import type { Distribution, ScoredWorker } from "@steward/contracts/queues";
import { paintHealth } from "./health.ts";
import type { Look } from "./paint.ts";
import { filled, table } from "./table.ts";
import { duration } from "./time.ts";
import { visible } from "./visible.ts";
import { modelsText } from "./worker.ts";

/** Which workers fit, best first, with what their scores are made of. */
export function recommendationTable(items: readonly ScoredWorker[], { width, paint }: Look): string {
  const partOf = (name: string) => (one: ScoredWorker) =>
    (one.parts.find((part) => part.name === name)?.points ?? 0).toFixed(1);
  return table(
    items,
    [
      { head: "WORKER", cell: (one) => visible(one.name), flexible: true },
      { head: "SCORE", cell: (one) => one.score.toFixed(1) },
      { head: "CPU /40", cell: partOf("cpu") },
      { head: "MEMORY /30", cell: partOf("memory") },
      { head: "JOBS /20", cell: partOf("activeJobs") },
      { head: "HEALTH /10", cell: partOf("health") },
      { head: "IS", cell: (one) => paintHealth(one.health, paint) },
      { head: "FREE", cell: (one) => `${one.free}/${one.slots}` },
    ],
    width,
    paint,
    (one) => filled([modelsText(one)]),
  );
}

/** Where work ran. */
export function distributionTable(items: Distribution["items"], { width, paint }: Look): string {
  return table(
    items,
    [
      { head: "WORKER", cell: (one) => visible(one.worker.name), flexible: true },
      { head: "LANE", cell: (one) => one.lane },
      { head: "JOBS", cell: (one) => String(one.jobs) },
      { head: "FAILED", cell: (one) => String(one.failures) },
      { head: "TOKENS", cell: (one) => String(one.tokens) },
      { head: "TIME", cell: (one) => duration(one.seconds * 1000) },
      { head: "COST", cell: (one) => (one.costUsd === 0 ? "" : `$${one.costUsd.toFixed(4)}`) },
      { head: "SHARE", cell: (one) => `${(one.share * 100).toFixed(1)} %` },
    ],
    width,
    paint,
    (one) => [`${one.tier} ${visible(one.model)}`],
  );
}
