import { newId, providerTenantId } from "@steward/contracts/ids";
import type { Lane } from "@steward/contracts/names";
import { createPull } from "@steward/worker/pull-jobs";
import type { QueueUrls } from "@steward/worker/find-queues";
import { createSlots } from "@steward/worker/slots";
import { chanceOf } from "../../../packages/core/test/simulation/scheduler.ts";
import { createInMemorySqs } from "./in-memory-sqs.ts";
import type { Dispatched } from "./by-policy.ts";
import { createVirtualTime } from "./virtual-time.ts";
import type { BenchJob, BenchWorker } from "./workload.ts";

export interface ByPullOptions {
  jobs: readonly BenchJob[];
  fleet: readonly BenchWorker[];
  /** Into which lane a job goes. All into one: pull without lanes. */
  laneOf: (job: BenchJob) => Lane;
  /** Lanes that there are. */
  lanes: readonly Lane[];
  seed: number;
}

const leaseMs = 30_000;

/** The worker's own pull code, one instance a worker, against SQS in memory on a virtual clock. Only the model is left out. */
export async function dispatchByPull(options: ByPullOptions): Promise<Dispatched[]> {
  const { jobs, fleet, laneOf, lanes, seed } = options;
  const time = createVirtualTime();
  const chance = chanceOf(seed);
  const sqs = createInMemorySqs(time, chance);
  const stop = new AbortController();
  const byId = new Map<string, number>();
  const dispatched: Dispatched[] = [];
  let ended = 0;

  fleet.forEach(({ slots, speed }, number) => {
    const urls: Partial<QueueUrls> = Object.fromEntries(lanes.map((lane) => [lane, lane]));
    if (lanes.length > 1) urls.own = `own-${number}`;
    const pull = createPull({
      sqs: sqs.client,
      urls,
      slots: createSlots(slots),
      serves: () => true,
      run: async (_queue, { jobId }, { onLease }) => {
        const index = byId.get(jobId) ?? -1;
        const job = jobs[index];
        if (job === undefined || dispatched[index] !== undefined) return { type: "refused", code: "stale_attempt" };
        const waitS = time.monotonicMs() / 1_000 - job.arrivesAtS;
        const takesMs = (job.workS / speed) * 1_000;
        dispatched[index] = { waitS, responseS: waitS + takesMs / 1_000 };
        // As the real one does: the message is hidden for as long as progress keeps the lease.
        for (let doneMs = 0; doneMs < takesMs; doneMs += leaseMs / 3) {
          onLease(leaseMs);
          await time.sleep(Math.min(leaseMs / 3, takesMs - doneMs));
        }
        ended += 1;
        return { type: "completed" };
      },
      clock: time,
      random: () => chance.next(),
      log: (event, fields) => {
        if (event !== "job.ended") throw new Error(`${event} ${JSON.stringify(fields)}`);
      },
      stop: stop.signal,
    });
    // Workers do not start at the same instant.
    time.at(chance.next() * 1_000, () => pull.pump());
  });
  const arrive = (index: number): void => {
    const job = jobs[index];
    if (job === undefined) return;
    time.at(job.arrivesAtS * 1_000, () => {
      const jobId = newId("job", Math.floor(time.monotonicMs()));
      byId.set(jobId, index);
      sqs.put(laneOf(job), JSON.stringify({ v: 1, tenantId: providerTenantId, jobId, secret: "s" }));
      arrive(index + 1);
    });
  };
  arrive(0);
  await time.run(() => ended === jobs.length);
  stop.abort();
  return dispatched;
}
