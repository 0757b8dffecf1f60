import { taskRoutes as routes } from "@steward/contracts/routes/tasks";
import { answerTask } from "@steward/control/answer-task";
import { answerEscalation, escalateTask, giveFeedback, listEscalations } from "@steward/control/hand-over";
import { getOutput } from "@steward/control/get-output";
import { getOutputChunks } from "@steward/control/get-output-chunks";
import { previewTask, viewPreview } from "@steward/control/preview-task";
import { cancelTask, rejectTask } from "@steward/control/reject-task";
import { pauseTask, resumeTask, retryTask, undoTask } from "@steward/control/steer-rollout";
import { submitTask } from "@steward/control/submit-task";
import { explainGate, listNodeRuns, listRuns, listTasks } from "@steward/control/view-task";
import { bind } from "../bind.ts";

export const taskBindings = [
  bind(routes.submitTask, (deps, { caller, body, repeatable }) => submitTask(deps, caller, body, repeatable)),
  bind(routes.listTasks, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { items, after } = await listTasks(deps, caller, {
      limit: query.limit,
      ...(query.status === undefined ? {} : { status: query.status }),
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.answerTask, (deps, { caller, params, body, repeatable }) =>
    answerTask(deps, caller, params, body, repeatable),
  ),
  bind(routes.escalateTask, (deps, { caller, params, body }) => escalateTask(deps, caller, params, body)),
  bind(routes.answerEscalation, (deps, { caller, params, body }) => answerEscalation(deps, caller, params, body)),
  bind(routes.listEscalations, async (deps, { query, paging }) => {
    const page = await paging();
    const { items, after } = await listEscalations(deps, {
      limit: query.limit,
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.giveFeedback, (deps, { caller, params, body }) => giveFeedback(deps, caller, params, body)),
  bind(routes.rejectTask, (deps, { caller, params, body }) => rejectTask(deps, caller, params, body)),
  bind(routes.cancelTask, (deps, { caller, params, body }) => cancelTask(deps, caller, params, body)),
  bind(routes.pauseTask, (deps, { caller, params, body }) => pauseTask(deps, caller, params, body)),
  bind(routes.resumeTask, (deps, { caller, params }) => resumeTask(deps, caller, params)),
  bind(routes.retryTask, (deps, { caller, params }) => retryTask(deps, caller, params)),
  bind(routes.undoTask, (deps, { caller, params, body }) => undoTask(deps, caller, params, body)),
  bind(routes.previewTask, (deps, { caller, params, repeatable }) => previewTask(deps, caller, params, repeatable)),
  bind(routes.getPreview, (deps, { caller, params }) => viewPreview(deps, caller, params)),
  bind(routes.explainGate, (deps, { caller, params }) => explainGate(deps, caller, params)),
  bind(routes.listRuns, async (deps, { caller, params, query, paging }) => {
    const page = await paging();
    const { items, after } = await listRuns(deps, caller, params, {
      limit: query.limit,
      ...(query.wave === undefined ? {} : { wave: query.wave }),
      ...(query.status === undefined ? {} : { status: query.status }),
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.listNodeRuns, async (deps, { caller, params, query, paging }) => {
    const page = await paging();
    const { items, after } = await listNodeRuns(deps, caller, params, {
      limit: query.limit,
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.getOutput, (deps, { caller, params }) => getOutput(deps, caller, params)),
  bind(routes.getOutputChunks, (deps, { caller, params, query }) => getOutputChunks(deps, caller, params, query)),
];
