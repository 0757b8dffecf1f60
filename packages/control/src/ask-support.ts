import { createMaterial } from "@steward/aws/records/answer";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { taskHasEnded } from "@steward/contracts/states";
import type { AskSupport } from "@steward/contracts/support";
import type { TaskView } from "@steward/contracts/task";
import type { Material } from "@steward/core/support/passage";
import { buildAnswerPrompt } from "@steward/core/support/answer-prompt";
import { passageOfFacts } from "@steward/core/support/passages-of-facts";
import type { SearchPassages } from "@steward/core/support/search-passages";
import { nothingFound } from "@steward/core/support/write-answer";
import { newTask } from "@steward/core/task/new-task";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import { acceptOnce } from "./accept-once.ts";
import type { Caller, Context, Repeatable } from "./context.ts";
import { loadFacts, resolveTargets } from "./load-targets.ts";
import { countQuestion } from "./quotas.ts";
import { storeTask } from "./store-task.ts";
import { taskView } from "./task-view.ts";
import { startThinking } from "./think.ts";
import { waitForTask } from "./view-task.ts";

type Deps = Pick<
  Context,
  "table" | "queues" | "actions" | "nowMs" | "secret" | "log" | "jobTimes" | "workerStartSeconds"
> & {
  /** Finds passages of the documentation. Loaded at the first question: the index is as large as the function. */
  searchPassages: () => Promise<SearchPassages>;
  pause: (ms: number) => Promise<void>;
};

/** The passages stay for whoever looks at how an answer came about; by then the task has long ended. */
const keptMs = 86_400_000;

/**
 * Takes a question: finds what it can be answered from, and gives both to a model. Where nothing in the documentation is
 * about it, it says so at once. An answer has no power: whatever it says, nothing happens until a person asks for it.
 *
 * A repeated request gets the task that the first one made. Throws `unprocessable` for unknown appliances.
 */
export async function askSupport(
  deps: Deps,
  caller: Caller,
  body: AskSupport,
  { wait = 0, repeatable }: { wait?: number | undefined; repeatable?: Repeatable | undefined } = {},
): Promise<TaskView> {
  const task = await acceptOnce<TaskState>(deps, caller, repeatable, {
    count: () => countQuestion(deps, caller.tenantId),
    accept: (taskId) => accept(deps, caller, body, taskId),
    shown: (made) => made,
  });
  return wait === 0 ? taskView(task, []) : await waitForAnswer(deps, caller, task, wait);
}

async function accept(deps: Deps, caller: Caller, body: AskSupport, taskId: string): Promise<TaskState> {
  const { tenantId, principal } = caller;
  const nodes = body.targets === undefined ? [] : await resolveTargets(deps, tenantId, body.targets);
  if (nodes.length > defaults.maxSupportTargets) {
    throw new AppError("unprocessable", `a question is about at most ${defaults.maxSupportTargets} appliances`, {
      fields: [{ path: "targets", message: `means ${nodes.length} appliances` }],
      next: "Name the one that it is about, or ask without: the documentation is the same for all.",
    });
  }
  const nowMs = deps.nowMs();
  const task = newTask(
    {
      tenantId,
      taskId,
      kind: "support",
      requestId: caller.requestId,
      instruction: body.question,
      requestedBy: { id: principal.id, name: principal.name },
      targets: nodes.map((node) => ({ id: node.nodeId, name: node.name })),
      // It changes nothing.
      mode: "check",
      verbosity: 0,
    },
    nowMs,
  );
  const change = { who: principal.id, what: "ask-support", requestId: caller.requestId };
  const targets = await loadFacts(deps, tenantId, task.targets);
  const material: Material = {
    passages: [...(await deps.searchPassages())(body.question), ...targets.map(passageOfFacts)],
  };
  if (material.passages.length === 0) {
    const { state, effects } = reduceTask(task, { type: "conclude", status: "failed", result: nothingFound }, nowMs);
    await storeTask(deps, { ...change, after: state, effects });
    return state;
  }
  const { prompt } = buildAnswerPrompt(body.question, material);
  return startThinking(
    deps,
    task,
    { instruction: body.question, actions: deps.actions, targets },
    {
      ...change,
      answering: {
        promptCharacters: prompt.length,
        writes: [createMaterial({ ...material, v: 1, version: 1, tenantId, taskId, expiresAtMs: nowMs + keptMs })],
      },
    },
  );
}

/** Until it is answered or the time is over; a caller with too many calls that wait gets it as it is. */
async function waitForAnswer(
  deps: Parameters<typeof waitForTask>[0],
  caller: Caller,
  { taskId }: TaskState,
  seconds: number,
): Promise<TaskView> {
  const untilMs = deps.nowMs() + seconds * 1000;
  let since: number | undefined;
  for (;;) {
    const leftMs = untilMs - deps.nowMs();
    const view = await waitForTask(deps, caller, { taskId }, { wait: Math.max(0, leftMs / 1000), since });
    if (taskHasEnded(view.status) || leftMs <= 0 || view.version === since) return view;
    since = view.version;
  }
}
