import { readFileSync } from "node:fs";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import {
  blackoutPolicies,
  definitionHash,
  latePolicies,
  overlapPolicies,
  type ScheduleView,
} from "@steward/contracts/schedule";
import { type Command, Option } from "commander";
import { z } from "zod";
import { carryThrough } from "../carry-through.ts";
import type { Context, Runner } from "../context.ts";
import { CliError, exitCodes, usageError } from "../exit-codes.ts";
import { listUpTo } from "../list-all.ts";
import { parseScheduleFile, planChanges, type ScheduleChange, scheduleFileSchema } from "../schedule-file.ts";
import { changeText, dueText, scheduleText, stateText, stepsText, whenText } from "../text/schedule.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { parseValues } from "../values.ts";
import { submission } from "./ask.ts";
import { collect, examples, wholeNumber } from "./shared.ts";

const maxSchedules = 500;

export function addSchedules(program: Command, run: Runner): void {
  const schedule = program
    .command("schedule")
    .summary("what is done again and again")
    .description("Schedules: typed steps for whoever matches, at times of a time zone, each of them once.");

  schedule
    .command("ls")
    .description("The tenant's schedules.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const items = await allSchedules(call);
        ui.data({ items });
        if (items.length === 0) return ui.say("There are no schedules. Make one: steward schedule add --help");
        ui.say(
          table(
            items,
            [
              { head: "NAME", cell: (one) => one.name },
              { head: "WHEN", cell: (one) => whenText(one.definition.when), flexible: true },
              { head: "DOES", cell: (one) => stepsText(one.definition.steps).join("; "), flexible: true },
              { head: "NEXT", cell: (one) => (one.next[0] === undefined ? "" : relative(one.next[0], nowMs())) },
              { head: "STATE", cell: (one) => stateText(one, ui.paint) },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );

  schedule
    .command("show")
    .description("One schedule: what it does, what became of its last times, and who said yes to it.")
    .argument("<schedule>", "name or id")
    .action(async (given: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { id } = await findSchedule(call, given);
        const found = await call("getSchedule", { params: { scheduleId: id }, query: {} });
        ui.data(found);
        ui.say(scheduleText(found, ui.paint, nowMs()));
      }),
    );

  schedule
    .command("next")
    .description("The coming due times, on the clocks of the schedule's zone.")
    .argument("<schedule>", "name or id")
    .option("--count <n>", "how many", wholeNumber(1, 50), 10)
    .action(async (given: string, options: { count: number }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { id } = await findSchedule(call, given);
        const found = await call("getSchedule", { params: { scheduleId: id }, query: { times: options.count } });
        ui.data({ next: found.next });
        if (found.status === "paused") ui.hint("It is paused: these are the times that it would have.");
        for (const at of found.next) ui.say(`${dueText(at, found.definition.when)}  ${relative(at, nowMs())}`);
      }),
    );

  addAdd(schedule, run);

  schedule
    .command("rm")
    .description("Remove a schedule. What it has begun goes on.")
    .argument("<schedule>", "name or id")
    .action(async (given: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { id, name } = await findSchedule(call, given);
        await call("deleteSchedule", { params: { scheduleId: id } });
        ui.data({ removed: id });
        ui.say(`${ui.paint.green("✔")} ${name} is removed.`);
      }),
    );

  schedule
    .command("pause")
    .description("Let it rest until somebody resumes it. What is due meanwhile is not made up for.")
    .argument("<schedule>", "name or id")
    .option("--reason <text>")
    .action(async (given: string, options: { reason?: string }, self: Command) =>
      run(self, async (context) => {
        const { call } = await context.connect();
        const { id } = await findSchedule(call, given);
        const body = options.reason === undefined ? {} : { reason: options.reason };
        show(context, await call("pauseSchedule", { params: { scheduleId: id }, body, ...once() }), "is paused");
      }),
    );

  schedule
    .command("resume")
    .description("Let it go on with its next due time.")
    .argument("<schedule>", "name or id")
    .action(async (given: string, _options: object, self: Command) =>
      run(self, async (context) => {
        const { call } = await context.connect();
        const { id } = await findSchedule(call, given);
        show(context, await call("resumeSchedule", { params: { scheduleId: id }, ...once() }), "goes on");
      }),
    );

  const runNow = schedule
    .command("run")
    .description("Ask for what it does now, in your own name. No due time is used up.")
    .argument("<schedule>", "name or id")
    .option("--yes", "say yes to the plan without being asked")
    .option("--confirm <name>", "the name that the plan wants retyped, for scripts");
  runNow.action(async (given: string, options: { yes?: boolean; confirm?: string }, self: Command) =>
    run(self, async ({ connect, ui, nowMs }) => {
      const { call } = await connect();
      const { id } = await findSchedule(call, given);
      const task = await call("runScheduleNow", { params: { scheduleId: id }, ...once() });
      return carryThrough(call, task, ui, nowMs, { ...options, output: "some" });
    }),
  );

  schedule
    .command("approve")
    .description(
      "Say yes to what a schedule does, whenever it is due: for this content, these targets and at most 90 days.",
    )
    .argument("<schedule>", "name or id")
    .option("--days <n>", "until it ends", wholeNumber(1, 90), 90)
    .option("--yes", "without being asked")
    .action(async (given: string, options: { days: number; yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { id } = await findSchedule(call, given);
        const found = await call("getSchedule", { params: { scheduleId: id }, query: {} });
        ui.say(scheduleText(found, ui.paint, nowMs()));
        const standingHash = found.now?.standingHash;
        if (standingHash === undefined) {
          throw new CliError(exitCodes.failed, found.now?.problem ?? "There is nothing to approve now");
        }
        if (!(await confirmed(ui, `Yes to this, each time, for ${options.days} days?`, options.yes))) {
          return exitCodes.waiting;
        }
        const made = await call("approveSchedule", {
          params: { scheduleId: id },
          // Computed from what was shown, not taken from beside it.
          body: { standingHash, definitionHash: definitionHash(found), days: options.days },
          ...once(),
        });
        ui.data(made);
        ui.say(
          `${ui.paint.green("✔")} Approved until ${made.standing?.expiresAt}. End it: steward schedule revoke ${made.name}`,
        );
        return exitCodes.ok;
      }),
    );

  schedule
    .command("revoke")
    .description("End a schedule's standing approval, also for what it has let begin and has not started.")
    .argument("<schedule>", "name or id")
    .action(async (given: string, _options: object, self: Command) =>
      run(self, async (context) => {
        const { call } = await context.connect();
        const { id } = await findSchedule(call, given);
        const left = await call("revokeScheduleApproval", { params: { scheduleId: id } });
        show(context, left, "has no standing approval any more");
      }),
    );

  addFiles(schedule, run);
}

interface AddOptions {
  on?: string[];
  check?: boolean;
  yes?: boolean;
  verbosity: number;
  cron?: string;
  zone?: string;
  every?: string;
  late?: (typeof latePolicies)[number];
  lateWithin?: number;
  jitter?: number;
  overlap?: (typeof overlapPolicies)[number];
  blackout?: (typeof blackoutPolicies)[number];
  maxTargets?: number;
  name?: string;
}

function addAdd(schedule: Command, run: Runner): void {
  const add = schedule
    .command("add")
    .description(
      "Make a schedule: of an action and its values, or of words that are read now and shown as steps. At a due time no words are read.",
    )
    .argument("<what...>", "users.list, or an action with name=value; or words with a time in them")
    .requiredOption("--name <name>", "what it is called")
    .option("--cron <pattern>", "five fields: minute, hour, day, month, weekday")
    .option("--every <time>", "15 minutes, 6 hours, 2 days")
    .option("--zone <zone>", "time zone of --cron and of words; this machine's by default")
    .option("--on <target>", "an appliance, a tag key:value, or all; found anew each time", collect)
    .option("--check", "only show what would change")
    .option("--verbosity <0-4>", "how much Ansible says", wholeNumber(0, 4), 0)
    .option("--yes", "make it without being asked")
    .addOption(new Option("--late <policy>", "what becomes of missed times").choices([...latePolicies]))
    .option("--late-within <minutes>", "how late it may still run", wholeNumber(5, 10_080))
    .option("--jitter <seconds>", "spread by up to so much", wholeNumber(0, 3600))
    .addOption(new Option("--overlap <policy>", "when the last task still runs").choices([...overlapPolicies]))
    .addOption(new Option("--blackout <policy>", "while a window keeps changes out").choices([...blackoutPolicies]))
    .option("--max-targets <n>", "more than that wait for a person", wholeNumber(1, 5_000))
    .action(async (what: string[], options: AddOptions, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { targets, mode, verbosity } = submission(options);
        const { call } = await connect();
        const { when, steps } = await readWhat(call, what, options, targets);
        ui.say(`${ui.paint.bold("When")}   ${whenText(when)}`);
        ui.say(`${ui.paint.bold("On")}     ${visible(targets.join(", "))}`);
        for (const [index, step] of stepsText(steps).entries()) {
          ui.say(`${ui.paint.bold(index === 0 ? "Steps" : "     ")}  ${index + 1}  ${step}`);
        }
        if (!(await confirmed(ui, "Make this schedule?", options.yes))) return exitCodes.waiting;
        const late = {
          ...(options.late === undefined ? {} : { policy: options.late }),
          ...(options.lateWithin === undefined ? {} : { withinMinutes: options.lateWithin }),
        };
        const made = await call("createSchedule", {
          body: {
            name: options.name ?? "",
            when,
            steps,
            targets,
            mode,
            verbosity,
            ...(Object.keys(late).length === 0 ? {} : { late }),
            ...(options.jitter === undefined ? {} : { jitterSeconds: options.jitter }),
            ...(options.overlap === undefined ? {} : { overlap: options.overlap }),
            ...(options.blackout === undefined ? {} : { blackout: options.blackout }),
            ...(options.maxTargets === undefined ? {} : { maxTargets: options.maxTargets }),
          },
          ...once(),
        });
        const found = await call("getSchedule", { params: { scheduleId: made.id }, query: {} });
        ui.data(found);
        ui.say(`\n${ui.paint.green("✔")} ${scheduleText(found, ui.paint, nowMs())}`);
        return exitCodes.ok;
      }),
    );
  examples(
    add,
    'steward schedule add --name updates "every monday at 3 update packages" --on ring:canary --zone Europe/Berlin',
    "steward schedule add --name disk disk.usage --every '6 hours' --on all",
    "steward schedule add --name nginx service.restart service=nginx --cron '30 4 * * SUN' --zone Europe/Berlin --on site:berlin",
  );
}

async function readWhat(call: Client, what: string[], options: AddOptions, targets: string[]) {
  const zone = options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (options.cron !== undefined && options.every !== undefined) {
    throw usageError("Give --cron or --every, not both");
  }
  const [first = "", ...pairs] = what;
  const isAction = /^[a-z]+(\.[a-z]+)+$/.test(first);
  if (!isAction) {
    if (options.cron !== undefined || options.every !== undefined) {
      throw usageError(
        "The words say when",
        "With --cron or --every give an action: disk.usage, or users.add username=john",
      );
    }
    return call("readSchedule", { body: { text: what.join(" "), targets, timeZone: zone } });
  }
  if (options.cron === undefined && options.every === undefined) {
    throw usageError(
      "Say when with --cron or --every",
      "--every '6 hours', or --cron '0 3 * * MON' --zone Europe/Berlin",
    );
  }
  const { items } = await call("listActions", {});
  const action = items.find(({ id }) => id === first);
  if (action === undefined) throw usageError(`There is no action ${first}`, "List them: steward actions ls");
  const steps = [{ action: first, variables: parseValues(first, action.variables, pairs) }];
  return {
    when:
      options.cron === undefined
        ? { rate: `every ${(options.every ?? "").replace(/^every /, "")}` }
        : { cron: options.cron.trim().replaceAll(/\s+/g, " "), timeZone: zone },
    steps,
  };
}

function addFiles(schedule: Command, run: Runner): void {
  schedule
    .command("diff")
    .description("What applying a file would change. Exit code 4 where it would change something.")
    .argument("<file>", "YAML; - reads standard input")
    .option("--prune", "also remove what the file does not name")
    .action(async (file: string, options: { prune?: boolean }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { changes } = await compare(call, file, options.prune === true);
        ui.data({ changes });
        sayChanges(ui, changes);
        return changes.every(({ kind }) => kind === "same") ? exitCodes.ok : exitCodes.waiting;
      }),
    );

  const apply = schedule
    .command("apply")
    .description("Make the schedules what a file says. Applying it again changes nothing.")
    .argument("<file>", "YAML; - reads standard input")
    .option("--prune", "also remove what the file does not name")
    .option("--yes", "without being asked")
    .action(async (file: string, options: { prune?: boolean; yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { changes, placeOf, indexOf } = await compare(call, file, options.prune === true);
        sayChanges(ui, changes);
        const left = changes.filter(({ kind }) => kind !== "same");
        if (left.length > 0 && !(await confirmed(ui, `Make ${left.length} changes?`, options.yes))) {
          return exitCodes.waiting;
        }
        for (const change of left) {
          try {
            await make(call, change);
          } catch (error) {
            throw atItsLine(error, change, (path) => placeOf(["schedules", indexOf(change.name), ...path]));
          }
        }
        ui.data({ changes });
        if (left.length > 0) ui.say(`${ui.paint.green("✔")} ${left.length} changed.`);
        return exitCodes.ok;
      }),
    );
  examples(apply, "steward schedule apply schedules.yaml", "steward schedule apply schedules.yaml --prune --yes");

  schedule
    .command("format")
    .description("The format of such a file, as JSON Schema: for editors.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ ui }) => {
        await ui.stream(`${JSON.stringify(z.toJSONSchema(scheduleFileSchema, { io: "input" }), null, 2)}\n`);
      }),
    );
}

async function compare(call: Client, file: string, prune: boolean) {
  const name = file === "-" ? "stdin" : file;
  const read = parseScheduleFile(readText(file), name);
  const present = await allSchedules(call);
  const indexOf = (wanted: string) => read.schedules.findIndex((one) => one.name === wanted);
  return { changes: planChanges(read.schedules, present, { prune }), placeOf: read.placeOf, indexOf };
}

function readText(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw usageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function make(call: Client, change: ScheduleChange): Promise<void> {
  switch (change.kind) {
    case "create":
      await call("createSchedule", { body: { name: change.name, ...change.definition }, ...once() });
      return;
    case "update":
      await call("putSchedule", { params: { scheduleId: change.id }, body: change.definition });
      return;
    case "delete":
      await call("deleteSchedule", { params: { scheduleId: change.id } });
      return;
    case "same":
      return;
    default:
      change satisfies never;
  }
}

/** What the API finds wrong with a field stands on a line of the file. */
function atItsLine(error: unknown, change: ScheduleChange, placeOf: (path: string[]) => string): unknown {
  if (!(error instanceof AppError) || error.fields === undefined) return error;
  return new CliError(exitCodes.usage, `${change.name}: ${error.message}`, {
    fields: error.fields.map(({ path, message }) => ({
      path: placeOf(path.split(".")),
      message: `${path}: ${message}`,
    })),
    ...(error.next === undefined ? {} : { next: error.next }),
    cause: error,
  });
}

function sayChanges(ui: Context["ui"], changes: readonly ScheduleChange[]): void {
  const lines = changes.flatMap((change) => changeText(change, ui.paint));
  const same = changes.filter(({ kind }) => kind === "same").length;
  for (const line of lines) ui.say(line);
  if (lines.length === 0) ui.say("Nothing changes.");
  else if (same > 0) ui.say(ui.paint.dim(`${same} stay as they are`));
}

async function allSchedules(call: Client): Promise<ScheduleView[]> {
  const { items } = await listUpTo(maxSchedules, (query) => call("listSchedules", { query }));
  return items.toSorted((one, other) => one.name.localeCompare(other.name, "en"));
}

async function findSchedule(call: Client, given: string): Promise<{ id: string; name: string }> {
  const items = await allSchedules(call);
  const found = items.find((one) => one.name === given || one.id === given);
  if (found !== undefined) return found;
  throw new CliError(exitCodes.failed, `There is no schedule ${given}`, { next: "See them: steward schedule ls" });
}

function show({ ui }: Context, schedule: ScheduleView, what: string): void {
  ui.data(schedule);
  ui.say(`${ui.paint.green("✔")} ${schedule.name} ${what}.`);
}

function once(): { idempotencyKey: string } {
  return { idempotencyKey: crypto.randomUUID() };
}

async function confirmed(ui: Context["ui"], question: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  if (!ui.canAsk) {
    ui.hint("Nothing was changed: say --yes.");
    return false;
  }
  return (await ui.confirm(question)) === true;
}
