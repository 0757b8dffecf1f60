import type { LaneHistory } from "@steward/contracts/queues";

type Point = LaneHistory["points"][number];
export type LanePlots = Record<
  "arrivals" | "done" | "failed" | "tokens" | "waitedSeconds" | "serviceSeconds",
  (number | null)[]
> & { atMs: number[] };

const minute = 60_000;

/**
 * Every minute up to now, also those that the answer leaves out because nothing happened: counts are 0 there, and means
 * unknown. Of several queues counts are added; means are weighed by what they are of.
 */
export function laneSeries({ at, minutes, points }: LaneHistory, takes: (queue: Point["queue"]) => boolean): LanePlots {
  const end = Math.floor(Date.parse(at) / minute) * minute;
  const atMs = Array.from({ length: minutes }, (_, place) => end - (minutes - 1 - place) * minute);
  const zeros = () => atMs.map(() => 0);
  const counts = { arrivals: zeros(), done: zeros(), failed: zeros(), tokens: zeros() };
  const weighed = { waited: zeros(), waits: zeros(), service: zeros(), ended: zeros() };
  for (const point of points) {
    const place = minutes - 1 - Math.round((end - Date.parse(point.at)) / minute);
    if (!takes(point.queue) || place < 0 || place >= minutes) continue;
    const add = (list: number[], value: number) => {
      list[place] = (list[place] ?? 0) + value;
    };
    for (const name of ["arrivals", "done", "failed", "tokens"] as const) add(counts[name], point[name]);
    const ended = point.done + point.failed;
    if (point.serviceSeconds !== undefined) {
      add(weighed.service, point.serviceSeconds * ended);
      add(weighed.ended, ended);
    }
    // How many began is not told; what ended is near to it.
    if (point.waitedSeconds !== undefined) {
      add(weighed.waited, point.waitedSeconds * Math.max(1, ended));
      add(weighed.waits, Math.max(1, ended));
    }
  }
  const mean = (sums: number[], weights: number[]) =>
    sums.map((sum, place) => ((weights[place] ?? 0) === 0 ? null : sum / (weights[place] ?? 1)));
  return {
    atMs,
    ...counts,
    waitedSeconds: mean(weighed.waited, weighed.waits),
    serviceSeconds: mean(weighed.service, weighed.ended),
  };
}
