import { getJob } from "@steward/aws/records/job";
import { getNode } from "@steward/aws/records/node";
import { getNotice } from "@steward/aws/records/notice";
import { getRollout } from "@steward/aws/records/rollout";
import { getTask } from "@steward/aws/records/task";
import { actFor } from "@steward/aws/tenant-fence";
import { nodeIdSchema, rolloutIdSchema, tenantIdSchema } from "@steward/contracts/ids";
import { laneMessageSchema } from "@steward/contracts/job";
import type { QueueName } from "@steward/contracts/names";
import { noticeIdSchema } from "@steward/contracts/notification";
import { jobHasEnded, taskHasEnded } from "@steward/contracts/states";
import type { DeadLetter } from "@steward/contracts/dead-letters";
import { redactText } from "@steward/contracts/redact";
import type { JobState } from "@steward/core/job/job-state";
import type { TaskState } from "@steward/core/task/task-state";
import { z } from "zod";
import type { Context } from "./context.ts";

export type Pointer = NonNullable<DeadLetter["pointer"]>;
export interface ReadLetter {
  /** Absent: nobody can say what it means. */
  pointer?: Pointer;
  reason: string;
  redrive: DeadLetter["redrive"];
  /** What a redrive of a job begins with. */
  job?: { job: JobState; task: TaskState };
}

const byTenant = { tenantId: tenantIdSchema };
const pointers: Readonly<Record<QueueName, (value: unknown) => Pointer | undefined>> = {
  "inference-express": jobOf,
  "inference-standard": jobOf,
  "inference-bulk": jobOf,
  escalations: jobOf,
  rollouts: (value) =>
    pointerOf("rollout", value, z.object({ ...byTenant, rolloutId: rolloutIdSchema }), "rolloutId") ??
    // A configuration that is to be signed.
    pointerOf("node", value, z.object({ ...byTenant, configOf: nodeIdSchema }), "configOf"),
  "node-events": (value) => pointerOf("node", value, z.object({ ...byTenant, nodeId: nodeIdSchema }), "nodeId"),
  notifications: (value) => pointerOf("notice", value, z.object({ ...byTenant, noticeId: noticeIdSchema }), "noticeId"),
};

function jobOf(value: unknown): Pointer | undefined {
  return pointerOf("job", value, laneMessageSchema, "jobId");
}

function pointerOf<Shape extends Record<string, unknown>>(
  kind: Pointer["kind"],
  value: unknown,
  schema: z.ZodType<Shape & { tenantId: string }>,
  id: keyof Shape,
): Pointer | undefined {
  const { success, data } = schema.safeParse(value);
  return success ? { tenantId: data.tenantId, kind, id: String(data[id]) } : undefined;
}

/** What a dead letter points at, why it is here as far as the records know, and what can be done about it. */
export async function readLetter(
  deps: Pick<Context, "table" | "nowMs">,
  queue: QueueName,
  { body, receives }: { body: string; receives: number },
): Promise<ReadLetter> {
  const pointer = pointers[queue](parseJson(body));
  if (pointer === undefined) {
    return {
      reason: "it cannot be read: it has not the shape of this queue's messages",
      redrive: no("nobody can say what it was for"),
    };
  }
  return actFor(pointer.tenantId, () =>
    pointer.kind === "job" ? readJob(deps, pointer, receives) : readPointer(deps, pointer, receives),
  );
}

/** The first characters of what cannot be read, without what looks like a secret in it. */
export function beginningOf(body: string): string {
  return redactText(body.slice(0, 500)).slice(0, 500);
}

const no = (why: string) => ({ possible: false, why }) as const;
const received = (times: number) => `nobody could work on it in ${times} tries`;
const gone = (what: string) => ({
  reason: `the ${what} that it points at is not there`,
  redrive: no(`there is no ${what} any more`),
});

async function readJob(
  deps: Pick<Context, "table" | "nowMs">,
  pointer: Pointer,
  receives: number,
): Promise<ReadLetter> {
  const { tenantId } = pointer;
  const job = await getJob(deps.table, { tenantId, jobId: pointer.id });
  if (job === undefined) return { pointer, ...gone("job") };
  const full = { ...pointer, taskId: job.taskId };
  const last = job.failures.at(-1);
  const reason =
    last === undefined
      ? received(receives)
      : `${received(receives)}; the last attempt: ${last.staffDetail ?? last.reason}`;
  const refuse = (why: string): ReadLetter => ({ pointer: full, reason, redrive: no(why) });
  const task = await getTask(deps.table, { tenantId, taskId: job.taskId });
  if (task === undefined) return refuse("its task is not there any more");
  if (taskHasEnded(task.status)) return refuse(`its task has ended (${task.status}): ask for it again`);
  if (task.jobId !== job.jobId || task.status !== "thinking") {
    return refuse(`its task went on without it: it is ${task.status.replaceAll("_", " ")} now`);
  }
  if (jobHasEnded(job.status)) return refuse(`the job is ${job.status}`);
  const isHeld = job.status === "leased" && (job.lease?.expiresAtMs ?? 0) > deps.nowMs();
  if (isHeld) return refuse("a worker is at it just now");
  return { pointer: full, reason, redrive: { possible: true, as: "new_job" }, job: { job, task } };
}

async function readPointer(
  deps: Pick<Context, "table" | "nowMs">,
  pointer: Pointer,
  receives: number,
): Promise<ReadLetter> {
  const { tenantId, kind, id } = pointer;
  const state = await lookUp(deps, { tenantId, kind, id });
  if (state === undefined) return { pointer, ...gone(kind) };
  return { pointer, reason: received(receives), redrive: { possible: true, as: "message" } };
}

async function lookUp({ table }: Pick<Context, "table">, { tenantId, kind, id }: Pointer): Promise<object | undefined> {
  switch (kind) {
    case "rollout":
      return getRollout(table, { tenantId, rolloutId: id });
    case "node":
      return getNode(table, { tenantId, nodeId: id });
    case "notice":
      return getNotice(table, { tenantId, noticeId: id });
    case "job":
      return getJob(table, { tenantId, jobId: id });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
