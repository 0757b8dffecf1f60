import { percentile } from "../bench/report.ts";
import type { Judged } from "./run-tier.ts";

/** What came of a group of requests. Counts are of readings: requests times runs. */
export interface Tally {
  group: string;
  requests: number;
  readings: number;
  right: number;
  wrong: number;
  asked: number;
  refused: number;
  passed: number;
  failed: number;
  unasked: number;
  /** Share of the readings that were answered with a plan, a question or a no, and not left to the next tier. */
  coverage: number;
  /** Share of the answers that are right. */
  precision: number;
  /** Share of the requests that were right in every run; absent for one run. */
  passEvery?: number;
  p50Ms: number;
  p99Ms: number;
  costUsd: number;
}

export function tallyOf(group: string, judged: readonly Judged[]): Tally {
  const count = (mark: Judged["mark"]) => judged.filter((one) => one.mark === mark).length;
  const read = judged.filter((one) => one.mark !== "unasked");
  const [right, wrong, asked, refused] = [count("right"), count("wrong"), count("asked"), count("refused")];
  const answered = right + wrong + asked + refused;
  const byRequest = Map.groupBy(judged, ({ request }) => request.id);
  const runs = new Set(judged.map(({ run }) => run)).size;
  const always = [...byRequest.values()].filter((all) => all.every(({ mark }) => mark === "right")).length;
  const samples = read.map(({ ms }) => ms);
  return {
    group,
    requests: byRequest.size,
    readings: judged.length,
    right,
    wrong,
    asked,
    refused,
    passed: count("passed"),
    failed: count("failed"),
    unasked: count("unasked"),
    coverage: share(answered, judged.length),
    precision: share(right, answered),
    ...(runs > 1 ? { passEvery: share(always, byRequest.size) } : {}),
    p50Ms: samples.length === 0 ? 0 : percentile(samples, 0.5),
    p99Ms: samples.length === 0 ? 0 : percentile(samples, 0.99),
    costUsd: read.reduce((sum, { costUsd }) => sum + costUsd, 0),
  };
}

/** Everything, the two parts, whether a plan may come of it, and by language and family. */
export function talliesOf(judged: readonly Judged[]): Tally[] {
  const groups: [string, (one: Judged) => boolean][] = [
    ["all", () => true],
    ["looked at", ({ request }) => !request.heldOut],
    ["held out", ({ request }) => request.heldOut],
    ["something to do", ({ request }) => request.mayAct && "plan" in request.right[0]],
    ["nothing to do", ({ request }) => !request.mayAct],
  ];
  const named = (kind: string, of: (one: Judged) => string): typeof groups =>
    [...new Set(judged.map(of))].toSorted().map((name) => [`${kind} ${name}`, (one) => of(one) === name]);
  return [
    ...groups,
    ...named("language", ({ request }) => request.language),
    ...named("family", ({ request }) => request.family),
  ]
    .map(([group, belongs]) => tallyOf(group, judged.filter(belongs)))
    .filter(({ requests }) => requests > 0);
}

export function tallyRows(tallies: readonly Tally[]): { head: string[]; rows: string[][] } {
  const runs = tallies.some(({ passEvery }) => passEvery !== undefined);
  const head = ["", "readings", "right", "wrong", "asked", "refused", "passed on", "failed", "coverage", "right of it"];
  return {
    head: [...head, ...(runs ? ["pass^n"] : []), "p50 ms", "p99 ms", "$"],
    rows: tallies.map((one) => [
      one.group,
      String(one.readings),
      ...[one.right, one.wrong, one.asked, one.refused, one.passed, one.failed + one.unasked].map(String),
      percent(one.coverage),
      percent(one.precision),
      ...(runs ? [percent(one.passEvery ?? 0)] : []),
      one.p50Ms.toFixed(2),
      one.p99Ms.toFixed(2),
      one.costUsd === 0 ? "0" : one.costUsd.toFixed(4),
    ]),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}
