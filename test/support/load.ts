import type { Client } from "@steward/contracts/client";
import { taskHasEnded } from "@steward/contracts/states";
import type { SubmitTask, TaskView } from "@steward/contracts/task";
import { persistently } from "./persistently.ts";
import type { Seeded } from "./seeded.ts";

/** One request of a load. What it adds or restarts is named `name`, and nothing else is. */
export interface Wish {
  name: string;
  tenant: string;
  body: Pick<SubmitTask, "targets"> & Partial<Pick<SubmitTask, "instruction" | "steps">>;
  /** Who is expected to understand it. */
  by: "nobody" | "matcher" | "model";
}

/** The kinds of requests, and how many of them in a hundred. */
const mixture = [
  { percent: 30, make: one, by: "nobody" },
  { percent: 10, make: two, by: "nobody" },
  { percent: 15, make: approved, by: "nobody" },
  { percent: 20, make: plain, by: "matcher" },
  { percent: 25, make: odd, by: "model" },
] as const;

function one(name: string): Partial<Wish["body"]> {
  return { steps: [{ action: "users.add", variables: { username: name } }] };
}
function two(name: string): Partial<Wish["body"]> {
  return { steps: [...(one(name).steps ?? []), { action: "users.add", variables: { username: `${name}x` } }] };
}
/** Of medium risk: a person has to say yes. */
function approved(name: string): Partial<Wish["body"]> {
  return { steps: [{ action: "service.restart", variables: { service: name } }] };
}
function plain(name: string): Partial<Wish["body"]> {
  return { instruction: `add user ${name}` };
}
/** Words that the matcher passes on and a model's answer is believed for. */
function odd(name: string): Partial<Wish["body"]> {
  return { instruction: `onboard ${name} as a new member` };
}

/** So many requests in a seeded order. Every tenth goes to all appliances of its tenant. */
export function makeWishes(count: number, appliances: readonly { name: string; tenant: string }[], random: Seeded) {
  const makers = mixture.flatMap((kind) =>
    Array.from({ length: Math.round((count * kind.percent) / 100) }, () => kind),
  );
  return random.shuffled(makers).map(({ make, by }, index): Wish => {
    const name = `u${String(index).padStart(4, "0")}`;
    const appliance = appliances[random.between(0, appliances.length - 1)];
    if (appliance === undefined) throw new Error("no appliances");
    const targets = random.next() < 0.1 ? ["all"] : [appliance.name];
    return { name, tenant: appliance.tenant, body: { targets, ...make(name) }, by };
  });
}

/** What a model that understands `odd` answers. */
export function understand(prompt: string): object {
  const name = /onboard (\w+) as/.exec(prompt)?.[1] ?? "nobody";
  const steps = [{ action: "users.add", variables: { username: name } }];
  return { understood: `add the user ${name}`, outOfScope: false, steps };
}

export interface Driven {
  wish: Wish;
  task: TaskView;
}

/**
 * Takes one request from its submission to its end, as a careful client does: with keys, asking again until answered.
 * Where the time is over first, the task is answered as it was seen last.
 */
export async function drive(
  call: Client,
  wish: Wish,
  { untilMs, onAccepted }: { untilMs: number; onAccepted: (task: TaskView) => void },
): Promise<Driven> {
  const wait = { untilMs };
  const { name, body } = wish;
  let task = await persistently(() => call("submitTask", { body, idempotencyKey: `submit-${name}` }), wait);
  onAccepted(task);
  const params = { taskId: task.id };
  const next = async ({ plan, status, version }: TaskView): Promise<TaskView> => {
    if (status === "awaiting_approval" && plan !== undefined) {
      const approval = { params, body: { planHash: plan.planHash }, idempotencyKey: `approve-${name}` };
      return persistently(() => call("approveTask", approval), wait);
    }
    return persistently(() => call("getTask", { params, query: { wait: 5, since: version } }), wait);
  };
  while (!taskHasEnded(task.status) && Date.now() < untilMs) {
    const seen = task;
    task = await next(seen).catch((error: unknown) => {
      if (Date.now() < untilMs) throw error;
      return seen;
    });
  }
  return { wish, task };
}

/** Runs `work` over the list, so many at a time. */
export async function atATime<T, R>(count: number, list: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = list.entries();
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (const [index, item] of rest) results[index] = await work(item);
    }),
  );
  return results;
}
