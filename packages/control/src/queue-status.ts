import { createCaches } from "@steward/aws/cache";
import { getJob, waitingIn } from "@steward/aws/records/job";
import { readLaneMinutes } from "@steward/aws/records/lane-minute";
import { listTasks } from "@steward/aws/records/task";
import { actForSystem } from "@steward/aws/tenant-fence";
import { laneQueue, lanes, queueNames } from "@steward/contracts/names";
import { type LaneView, type QueueStatus, rateMinutes } from "@steward/contracts/queues";
import { expectedWait } from "@steward/core/job/expected-wait";
import { isHeldBack } from "@steward/core/job/held-back";
import type { Caller, Context } from "./context.ts";
import { loadOf, ratesOf } from "./lane-rates.ts";
import { isStaff, type LiveWorker, liveWorkers, workerLabels } from "./live-workers.ts";

type Deps = Pick<Context, "table" | "queues" | "nowMs" | "workerStartSeconds">;

/** How long an instance shows the same numbers: they are the same for everybody, and whoever watches asks often. */
const freshMs = 1_000;
const cacheOf = createCaches<Installation>(freshMs);

interface Installation {
  queues: QueueStatus["queues"];
  lanes: LaneView[];
  workers: LiveWorker[];
}

/**
 * What waits where and who works on it: from the records, from heartbeats, and from SQS, which counts approximately. Of
 * the jobs only the caller's own are named, of the workers none but to the provider's staff.
 */
export async function queueStatus(deps: Deps, caller: Caller): Promise<QueueStatus> {
  const [installation, jobs] = await Promise.all([
    cacheOf(deps.table).get("all", () => actForSystem("lanes and workers serve all tenants", () => look(deps))),
    ownJobs(deps, caller.tenantId),
  ]);
  const { workers, ...shared } = installation;
  const labels = workerLabels(workers, { staff: isStaff(caller) });
  return {
    ...shared,
    minutes: rateMinutes,
    workers: workers.map((worker) => ({
      ...(labels.get(worker.id) ?? { id: "", name: "" }),
      health: worker.health,
      slots: worker.slots,
      used: worker.used,
      free: Math.max(0, worker.slots - worker.used),
      models: worker.models,
      ...(worker.pulling === undefined ? {} : { pulling: worker.pulling }),
      ...(worker.draining ? { draining: true } : {}),
    })),
    jobs,
  };
}

async function look(deps: Deps): Promise<Installation> {
  const nowMs = deps.nowMs();
  const [counts, waiting, minutes, workers] = await Promise.all([
    Promise.all(queueNames.map(async (name) => ({ name, counts: await deps.queues.counts(name) }))),
    Promise.all(lanes.map(async (lane) => [lane, await waitingIn(deps.table, lane)] as const)),
    readLaneMinutes(deps.table, { sinceMs: nowMs - rateMinutes * 60_000, nowMs }),
    liveWorkers(deps),
  ]);
  const waitingByLane = new Map(waiting);
  const ageOf = (at: number | undefined) =>
    at === undefined ? {} : { oldestQueuedSeconds: Math.max(0, (nowMs - at) / 1000) };
  const queues = counts.map(({ name, counts: { visible, inFlight, deadLetters } }) => {
    const lane = lanes.find((one) => laneQueue(one) === name);
    return {
      name,
      queued: visible,
      inFlight,
      deadLetters,
      ...ageOf(lane === undefined ? undefined : waitingByLane.get(lane)?.oldestAtMs),
    };
  });
  const slots = workers.filter(({ ready }) => ready).reduce((sum, worker) => sum + worker.slots, 0);
  const measured = lanes.map((lane) => ({
    lane,
    inFlight: queues.find(({ name }) => name === laneQueue(lane))?.inFlight ?? 0,
    waiting: waitingByLane.get(lane) ?? { queued: 0, heldBack: 0, more: false },
    rates: ratesOf(minutes, lane),
  }));
  const loads = measured.map(({ waiting: { queued }, ...lane }) => loadOf({ ...lane, queued }));
  return {
    queues,
    workers,
    lanes: measured.map(({ lane, inFlight, waiting: { queued, heldBack, more, oldestAtMs }, rates }) => {
      const { variation: _variation, ...shown } = rates;
      const wait = expectedWait(lane, loads, slots);
      return {
        lane,
        queued,
        heldBack,
        more,
        inFlight,
        ...ageOf(oldestAtMs),
        ...shown,
        expectedWait:
          wait.kind === "unknown" && deps.workerStartSeconds !== undefined
            ? { ...wait, why: `${wait.why}; one is started within ${deps.workerStartSeconds} s where jobs wait` }
            : wait,
      };
    }),
  };
}

const mostJobs = 50;

/** Every job that has not ended has a task that thinks. */
async function ownJobs(deps: Deps, tenantId: string): Promise<QueueStatus["jobs"]> {
  const { items: tasks } = await listTasks(deps.table, tenantId, { status: "thinking", limit: mostJobs });
  const found = await Promise.all(
    tasks.map(async ({ jobId }) => (jobId === undefined ? undefined : getJob(deps.table, { tenantId, jobId }))),
  );
  const nowMs = deps.nowMs();
  return found.flatMap((job) => {
    if (job === undefined || (job.status !== "queued" && job.status !== "leased")) return [];
    return [
      {
        id: job.jobId,
        taskId: job.taskId,
        lane: job.lane,
        status: job.status,
        tier: job.tier,
        heldBack: isHeldBack(job),
        sinceSeconds: Math.max(0, (nowMs - job.createdAtMs) / 1000),
      },
    ];
  });
}
