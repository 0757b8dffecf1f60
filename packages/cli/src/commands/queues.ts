import { lanes, queueNames } from "@steward/contracts/names";
import { Argument, type Command } from "commander";
import type { Runner } from "../context.ts";
import { exitCodes, usageError } from "../exit-codes.ts";
import { jobsTable, lanesTable, lettersTable, movedText, queuesTable, waitText, workersTable } from "../text/queues.ts";
import { duration } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { collect, examples, wholeNumber } from "./shared.ts";

export function addQueues(program: Command, run: Runner): void {
  const queues = program
    .command("queues")
    .summary("what waits, how long, and what nobody could work on")
    .description("What waits, how long, and what nobody could work on.");

  queues
    .command("ls")
    .description("How much waits where, how long a new job would wait, and who works on it.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const status = await call("queueStatus", {});
        ui.data(status);
        const { paint } = ui;
        ui.say(lanesTable(status.lanes, ui));
        ui.say();
        ui.say(queuesTable(status.queues, ui));
        ui.say();
        if (status.workers.length === 0) {
          ui.say(
            paint.dim(
              "No workers: what the matcher does not understand goes to Claude, or fails at once without a key.",
            ),
          );
        } else ui.say(workersTable(status.workers, ui));
        if (status.jobs.length > 0) ui.say(`\n${paint.bold("Jobs of this tenant")}\n${jobsTable(status.jobs, ui)}`);
      }),
    );

  queues
    .command("show")
    .description("One lane: what waits in it, its rates, and how long a new job would wait.")
    .addArgument(new Argument("<lane>").choices(lanes))
    .action(async (name: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const status = await call("queueStatus", {});
        const lane = status.lanes.find((one) => one.lane === name);
        if (lane === undefined) throw usageError(`there is no lane ${visible(name)}`);
        const jobs = status.jobs.filter((one) => one.lane === name);
        ui.data({ ...lane, minutes: status.minutes, jobs });
        const { paint } = ui;
        const seconds = (value: number | undefined) =>
          value === undefined ? "nothing has ended" : duration(value * 1000);
        const rows = [
          ["wait", `${lane.queued}${lane.more ? "+" : ""}, of which ${lane.heldBack} are held back`],
          ["at work", String(lane.inFlight)],
          [
            "oldest",
            lane.oldestQueuedSeconds === undefined ? "nothing waits" : duration(lane.oldestQueuedSeconds * 1000),
          ],
          ["a new one", `waits ${waitText(lane.expectedWait)}`],
          ["came in", `${lane.arrivalsPerMinute.toFixed(1)} a minute, over the last ${status.minutes} minutes`],
          [
            "done",
            `${lane.donePerMinute.toFixed(1)} a minute; ${lane.failedPerMinute.toFixed(1)} tries came to nothing`,
          ],
          ["a job takes", seconds(lane.serviceSeconds)],
          ["it had waited", seconds(lane.waitedSeconds)],
          [
            "predicted",
            lane.predictionErrorSeconds === undefined
              ? "nothing has ended"
              : `${duration(lane.predictionErrorSeconds * 1000)} off, on average${factors(lane.predictionError)}`,
          ],
        ];
        for (const [label = "", text = ""] of rows) ui.say(`${paint.bold(label.padEnd(14))}${text}`);
        if (jobs.length > 0) ui.say(`\n${jobsTable(jobs, ui)}`);
      }),
    );

  const queueArgument = () => new Argument("<queue>").choices(queueNames);
  const list = queues
    .command("dead-letters")
    .description(
      "What nobody could work on, and why as far as is known. It stays where it is. For the provider's staff.",
    )
    .addArgument(queueArgument())
    .option("--limit <n>", "how many at most (1 to 100)", wholeNumber(1, 100), 50)
    .action(async (queue: (typeof queueNames)[number], { limit }: { limit: number }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const done = ui.progress("Looking …");
        const letters = await call("listDeadLetters", { params: { queue }, query: { limit } }).finally(done);
        ui.data(letters);
        if (letters.items.length === 0) {
          const others =
            letters.total === 0 ? "" : ` Somebody looks at ${letters.total} just now: try again in a minute.`;
          ui.say(`No dead letters.${others}`);
          return;
        }
        ui.say(lettersTable(letters.items, ui, nowMs()));
        if (!letters.complete) {
          ui.hint(`About ${letters.total} in all. SQS has no pages: redrive or drop these to see others.`);
        }
      }),
    );
  examples(list, "steward queues dead-letters inference-express", "steward queues dead-letters rollouts --json");

  const redrive = queues
    .command("redrive")
    .description(
      "Dead letters once more: a job as a new job under its task, anything else as a message. With --drop: throw away what can never be redriven.",
    )
    .addArgument(queueArgument())
    .option("--id <message id>", "which one (may be given again)", collect)
    .option("--all", "all that one call gets through (100)")
    .option("--drop", "throw them away instead: only those that cannot be redriven")
    .action(
      async (queue: (typeof queueNames)[number], options: { id?: string[]; all?: true; drop?: true }, self: Command) =>
        run(self, async ({ connect, ui }) => {
          const { id, all, drop } = options;
          if ((id === undefined) === (all === undefined)) throw usageError("say which: --id <message id>, or --all");
          const { call } = await connect();
          const done = ui.progress(drop === true ? "Throwing away …" : "Redriving …");
          const chosen = id === undefined ? { all: true as const } : { messageIds: id };
          const moved = await call(drop === true ? "dropDeadLetters" : "redriveDeadLetters", {
            params: { queue },
            body: chosen,
          }).finally(done);
          ui.data(moved);
          ui.say(movedText(moved, ui.paint));
          return moved.refused.length + moved.missing.length === 0 ? exitCodes.ok : exitCodes.failed;
        }),
    );
  examples(
    redrive,
    "steward queues redrive inference-express --all",
    "steward queues redrive inference-express --id 5f2c… --drop",
  );
}

/** `; half within 1.3 times, nine of ten within 2.2 times` */
function factors(error: { p50: number; p90: number } | undefined): string {
  if (error === undefined) return "";
  const times = (log: number) => `${Math.exp(log).toFixed(1)} times`;
  return `; half within ${times(error.p50)}, nine of ten within ${times(error.p90)}`;
}
