import { createCaches } from "@steward/aws/cache";
import { getAdmission, storeAdmission } from "@steward/aws/records/admission";
import { getJob, listHeldBack, replaceJob } from "@steward/aws/records/job";
import { commit, type Write } from "@steward/aws/table";
import type { Lane } from "@steward/contracts/names";
import type { AdmissionState } from "@steward/core/job/admission-state";
import { admit, candidateOf, emptyAdmission, roomIn, windowOf } from "@steward/core/job/admit";
import { holdsPlace, isHeldBack } from "@steward/core/job/held-back";
import type { JobState } from "@steward/core/job/job-state";
import { reduceJob } from "@steward/core/job/reduce-job";
import type { Context } from "./context.ts";
import { liveWorkers } from "./live-workers.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { newClaimSecret, sendJob } from "./send-job.ts";

type Deps = Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log">;

/*
 * A tenant's window in a lane: of its jobs so many have a message, the others wait as records. A job and its place are
 * one transaction, so that no two who admit at once let in more than the window; a place is given back after its job has
 * left. Whoever dies in between leaves a place taken, and the window's own deadline has the reconciler look for it.
 */

/** Let in by one transaction, which may have 100 parts. */
const atOnce = 25;
/** The index may still list so many that have been let in meanwhile: they must not stand before those that wait. */
const stale = 5;

/** A place for a new job that need not wait; to be stored with it. Undefined: hold it back, then `admitJobs`. */
export async function placeFor(deps: Pick<Deps, "table" | "nowMs">, job: JobState): Promise<Write | undefined> {
  const [state, { window }] = await Promise.all([admissionOf(deps, job), readSlots(deps)]);
  // Those that wait already are first.
  if (state.holding) return undefined;
  const nowMs = deps.nowMs();
  const next = admit(state, { left: [], waiting: [candidateOf(job, nowMs)], more: false, window }, nowMs);
  return next.admitted.length === 0 ? undefined : storeAdmission(state, next.state);
}

/** To be called by whoever has stored a job's step: its place is the next one's, if it has left its lane. */
export async function leaveLane(deps: Deps, before: JobState, after: JobState): Promise<void> {
  if (!holdsPlace(before) || holdsPlace(after)) return;
  const { tenantId, lane, jobId } = before;
  await admitJobs(deps, { tenantId, lane, left: [jobId] });
}

/** What a stored step of a job calls for: its message, or a place in its lane. */
export async function followUp(
  deps: Deps,
  { state, effects }: ReturnType<typeof reduceJob>,
  secret: string,
  send: { delaySeconds?: number } = {},
): Promise<void> {
  for (const { type } of effects) {
    if (type === "send") await sendJob(deps, state, secret, send);
    if (type === "ask_for_place") await admitJobs(deps, { ...state, candidates: [state] });
  }
}

export interface Admitting {
  tenantId: string;
  lane: Lane;
  /** Jobs whose place may be free now. */
  left?: readonly string[];
  /** Jobs that have just been held back: an index does not know them yet. */
  candidates?: readonly JobState[];
  /** The reconciler's look: at everything, also where nothing is known to have changed. */
  look?: boolean;
}

/**
 * Gives back places and lets in whom the window has room for, the oldest first, and sends their messages. What it is
 * called for is stored: a failure here is not its caller's, and the window's next look repairs it.
 */
export async function admitJobs(deps: Deps, input: Admitting): Promise<void> {
  const { tenantId, lane } = input;
  try {
    let before = 0;
    for (let again = true; again; ) {
      const done = await retryOnConflict(() => admitSome(deps, input, before));
      before += done.admitted;
      again = done.again;
    }
  } catch (error) {
    deps.log("warn", "jobs_not_admitted", { tenantId, lane, error: String(error) });
  }
}

/** Answers how many were let in, and whether there may be room for further ones. `before`: so many this call has let in. */
async function admitSome(deps: Deps, input: Admitting, before: number): Promise<{ admitted: number; again: boolean }> {
  const { tenantId, lane, left = [], candidates = [], look = false } = input;
  const [state, { window }] = await Promise.all([admissionOf(deps, input), readSlots(deps)]);
  const nowMs = deps.nowMs();
  const places = look ? state.places.map(({ jobId }) => jobId) : left;
  // Read after the window was: one that comes back meanwhile changes the window, and this is decided again.
  const gone = await Promise.all(
    places.map(async (jobId) => ({ jobId, job: await getJob(deps.table, { tenantId, jobId }) })),
  );
  const free = gone.filter(({ job }) => job === undefined || !holdsPlace(job)).map(({ jobId }) => jobId);
  const room = Math.min(atOnce, roomIn(state, { left: free, window }, nowMs));
  const mayWait = look || state.holding;
  const listed =
    mayWait && room > 0
      ? await listHeldBack(deps.table, { tenantId, lane, limit: room + stale + before })
      : { jobs: [], more: state.holding };
  const hasPlace = (jobId: string) => state.places.some((place) => place.jobId === jobId);
  const asking = [...new Set([...listed.jobs, ...candidates].map(({ jobId }) => jobId))];
  // Without room nobody needs to be looked at; but one that comes back may still have its place.
  const worthALook = asking.filter((jobId) => room > 0 || hasPlace(jobId));
  const looked = await Promise.all(worthALook.map((jobId) => getJob(deps.table, { tenantId, jobId })));
  const waiting = new Map<string, JobState>();
  for (const job of looked) {
    if (job !== undefined && isHeldBack(job) && nowMs < job.deadlineAtMs) waiting.set(job.jobId, job);
  }
  const passedOver = room === 0 && candidates.some(({ jobId }) => !hasPlace(jobId));
  const next = admit(
    state,
    {
      left: free,
      waiting: [...waiting.values()].map((job) => candidateOf(job, nowMs)),
      more: listed.more || passedOver,
      window,
      look,
    },
    nowMs,
  );
  if (next.state === state) return { admitted: 0, again: false };
  const admitted = next.admitted.flatMap(({ jobId }) => {
    const held = waiting.get(jobId);
    if (held === undefined) return [];
    const { secret, secretHash } = newClaimSecret(deps);
    return [{ held, after: reduceJob(held, { type: "admit", secretHash }, nowMs).state, secret }];
  });
  await commit(deps.table, [
    storeAdmission(state, next.state),
    ...admitted.map(({ held, after }) => replaceJob(held, after)),
  ]);
  await Promise.all(admitted.map(({ after, secret }) => sendJob(deps, after, secret)));
  return {
    admitted: admitted.length,
    again: admitted.length > 0 && listed.more && next.state.places.length < window,
  };
}

/** A tenant's own backlog in a lane, and the slots there are: what its waiting job is judged by. */
export async function readBacklog(deps: Pick<Deps, "table" | "nowMs">, job: JobState) {
  const [state, { window, ...slots }] = await Promise.all([admissionOf(deps, job), readSlots(deps)]);
  return { own: { places: state.places.length, holding: state.holding, window }, slots };
}

async function admissionOf(deps: Pick<Deps, "table">, key: { tenantId: string; lane: Lane }): Promise<AdmissionState> {
  return (await getAdmission(deps.table, key)) ?? emptyAdmission(key);
}

interface SlotsNow {
  ready: number;
  used: number;
  window: number;
}

/** Workers beat once a minute: what is some seconds old is as good. */
const freshMs = 5_000;
const cacheOf = createCaches<SlotsNow>(freshMs);

async function readSlots(deps: Pick<Deps, "table" | "nowMs">): Promise<SlotsNow> {
  return cacheOf(deps.table).get("slots", async () => {
    const workers = (await liveWorkers(deps)).filter(({ ready }) => ready);
    const sumOf = (what: "slots" | "used") => workers.reduce((sum, worker) => sum + worker[what], 0);
    return { ready: sumOf("slots"), used: sumOf("used"), window: windowOf(sumOf("slots")) };
  });
}
