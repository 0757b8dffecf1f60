import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@steward/contracts/client";
import { AppError, hasCode } from "@steward/contracts/errors";
import { type SecretName, secretNames } from "@steward/contracts/names";
import type { openedRunSecretSchema } from "@steward/contracts/run-secret";
import { maxSecretCharacters, type SecretView } from "@steward/contracts/secret";
import type { Command } from "commander";
import { z } from "zod";
import type { Context, Runner } from "../context.ts";
import { type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { askProgram } from "../repository.ts";
import { problemText } from "../text/problem.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { examples } from "./shared.ts";

type OpenedRunSecret = z.infer<typeof openedRunSecretSchema>;

export function addSecrets(program: Command, run: Runner): void {
  const secrets = program
    .command("secrets")
    .summary("passwords that runs have made, secrets of your own, keys for services")
    .description(
      "Passwords that runs have made, each shown once to its recipient; secrets of your own (--own), which requests refer to as secret:<name>; and the installation's (provider's staff). A value that is put in is never shown.",
    );

  const open = secrets
    .command("open")
    .description("See what the runs of a task have made for you. Each is shown once, and only to its recipient.")
    .argument("<task>")
    .action(async (id: string, _options: object, self: Command) =>
      run(self, async (context) => openSecrets(context, id)),
    );
  examples(open, "steward secrets open tsk_01k…", "steward secrets open tsk_01k… --json | jq -r '.items[].value'");

  const remove = secrets
    .command("rm")
    .description("Remove a secret of your own, with all of its versions.")
    .argument("<name>")
    .action(async (name: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        await call("removeTenantSecret", { params: { tenantSecret: name } });
        ui.data({ name, removed: true });
        ui.say(`${ui.paint.green("✔")} ${visible(name)} is gone.`);
      }),
    );
  examples(remove, "steward secrets rm wifi-key");

  const set = secrets
    .command("set")
    .description("Give a secret a new value. It is asked for, or read from a pipe; never an argument.")
    .argument("<name>", "anthropic, or with --own any name")
    .option("--own", "a secret of your own tenant, for requests to refer to")
    .option("--stage <stage>", "before a stage's first deploy: with your own AWS credentials instead of a sign-in")
    .action(async (name: string, { stage, own }: { stage?: string; own?: boolean }, self: Command) =>
      run(self, (context) => (own === true ? setOwnSecret(context, name) : setSecret(context, name, stage))),
    );
  examples(
    set,
    "steward secrets set --own wifi-key",
    "steward secrets set anthropic",
    'printf %s "$KEY" | steward secrets set anthropic --profile prod',
    "steward secrets set anthropic --stage prod",
  );

  const list = secrets
    .command("ls")
    .description("The secrets: whether they are set, how old they are, when they change next.")
    .option("--own", "those of your own tenant")
    .action(async ({ own }: { own?: boolean }, self: Command) =>
      run(self, own === true ? listOwnSecrets : listSecrets),
    );
  examples(list, "steward secrets ls", "steward secrets ls --own", "steward secrets ls --json");

  const rotate = secrets
    .command("rotate")
    .description("Have a secret made anew now. What it guards goes on with the one before for one turn.")
    .argument("<name>", "cursor-key")
    .action(async (name: string, _options: object, self: Command) =>
      run(self, async (context) => {
        const { ui } = context;
        const view = await calling(context, (call) =>
          call("rotateSecret", { params: { secretName: known(name) }, idempotencyKey: crypto.randomUUID() }),
        );
        ui.data(view);
        ui.say(`${ui.paint.green("✔")} ${name} is being made anew. See it: steward secrets ls`);
      }),
    );
  examples(rotate, "steward secrets rotate cursor-key");
}

function known(name: string): SecretName {
  const found = secretNames.find((one) => one === name);
  if (found === undefined) throw usageError(`There is no secret ${name}`, `There are: ${secretNames.join(", ")}`);
  return found;
}

async function openSecrets({ connect, ui }: Context, id: string): Promise<ExitCode> {
  const { call } = await connect();
  const task = await call("getTask", { params: { taskId: id } });
  const waiting = (task.secrets ?? []).filter(({ status }) => status === "waiting");
  if (waiting.length === 0) {
    throw usageError(
      (task.secrets ?? []).length === 0 ? "This task has made no secrets" : "Nothing waits to be opened any more",
      `See it: steward tasks show ${task.id}`,
    );
  }
  const items: OpenedRunSecret[] = [];
  const refused: unknown[] = [];
  for (const { runId, ref } of waiting) {
    try {
      items.push(await openPersistently(call, { taskId: task.id, runId, secretRef: ref }));
    } catch (error) {
      refused.push(error);
    }
  }
  ui.data({ items });
  for (const { name, action, appliance, value, unsure } of items) {
    ui.say(`${visible(name)} of ${visible(action)} on ${visible(appliance.name)}: ${ui.paint.bold(visible(value))}`);
    if (unsure === true) ui.say(ui.paint.yellow("  The run was cut off: it may not be in force."));
  }
  if (items.length > 0) ui.hint("Shown once: nobody can see it again, in five minutes not even this program.");
  for (const error of refused) ui.hint(problemText(error, ui.paint));
  return refused.length === 0 ? exitCodes.ok : exitCodes.failed;
}

const openTries = 6;

/** With one key for all tries: an answer that was lost on the way is given again. */
async function openPersistently(
  call: Client,
  params: { taskId: string; runId: string; secretRef: string },
): Promise<OpenedRunSecret> {
  const key = crypto.randomUUID();
  for (let tries = 1; ; tries += 1) {
    try {
      return await call("openRunSecret", { params, body: { key } });
    } catch (error) {
      if (!(error instanceof AppError) || !error.retryable || tries >= openTries) throw error;
      await delay(Math.min(10_000, 500 * 2 ** tries));
    }
  }
}

async function askValue({ ui }: Context, name: string): Promise<string> {
  const value = ui.canRead ? (await ui.question(`Value of ${name}: `, { hidden: true }))?.trim() : undefined;
  if (value === undefined || value === "")
    throw usageError("No value was given", `Type it when asked, or: printf %s "$KEY" | steward secrets set ${name}`);
  if (value.length > maxSecretCharacters)
    throw usageError(`A secret has at most ${maxSecretCharacters} characters; this has ${value.length}`);
  return value;
}

async function setOwnSecret(context: Context, name: string): Promise<void> {
  const { ui, connect } = context;
  const value = await askValue(context, name);
  const { call } = await connect();
  const body = { value, version: crypto.randomUUID() };
  const view = await call("setTenantSecret", { params: { tenantSecret: name }, body });
  ui.data(view);
  ui.say(`${ui.paint.green("✔")} ${visible(name)} is stored. Requests refer to it as secret:${visible(name)}`);
}

async function listOwnSecrets({ connect, ui, nowMs }: Context): Promise<void> {
  const { call } = await connect();
  const { items } = await call("listTenantSecrets", {});
  ui.data({ items });
  ui.say(
    table(
      items,
      [
        { head: "NAME", cell: (one) => visible(one.name) },
        { head: "CHANGED", cell: (one) => relative(one.changedAt, nowMs()) },
        { head: "BY", cell: (one) => one.changedBy },
        { head: "VERSION", cell: (one) => one.version, flexible: true },
      ],
      ui.width,
      ui.paint,
    ),
  );
}

async function setSecret(context: Context, name: string, stage: string | undefined): Promise<void> {
  const { ui } = context;
  const value = await askValue(context, name);
  if (stage !== undefined) {
    if (name !== "anthropic") throw usageError(`There is no secret ${name} to put in`, "There is: anthropic");
    const answer = z.object({ stage: z.string() });
    const stored = await askProgram("set-secret", ["--stage", stage], { input: { value }, answer });
    ui.data({ name, stage: stored.stage, stored: true });
    ui.say(`${ui.paint.green("✔")} ${name} is stored for ${stored.stage}. It is used within a minute.`);
    return;
  }
  // Named here, so that a repeated call after a lost reply is the same version and keeps the one before.
  const version = crypto.randomUUID();
  const view = await calling(context, (call) =>
    call("setSecret", { params: { secretName: known(name) }, body: { value, version } }),
  );
  ui.data(view);
  ui.say(`${ui.paint.green("✔")} ${name} is stored. It is used within a minute.`);
}

async function listSecrets(context: Context): Promise<void> {
  const { ui, nowMs } = context;
  const { items } = await calling(context, (call) => call("listSecrets", {}));
  ui.data({ items });
  const ago = (time: string | undefined) => (time === undefined ? "–" : relative(time, nowMs()));
  ui.say(
    table(
      items,
      [
        { head: "NAME", cell: (one) => one.name },
        { head: "STATE", cell: (one) => stateOf(one) },
        { head: "CHANGED", cell: (one) => ago(one.changedAt) },
        { head: "NEXT", cell: (one) => (one.madeBy === "person" ? "by hand" : ago(one.nextRotationAt)) },
        { head: "WHAT", cell: (one) => one.about, flexible: true },
      ],
      ui.width,
      ui.paint,
    ),
  );
  for (const { name, overdue, isSet, madeBy } of items) {
    if (!isSet && madeBy === "person") ui.say(`Put it in: steward secrets set ${name}`);
    if (overdue && madeBy === "person") ui.say(`Make a new ${name} key, and put it in: steward secrets set ${name}`);
    if (overdue && madeBy === "steward") ui.say(`${name} was not made anew in time: docs/runbooks/secret-rotation.md`);
  }
}

function stateOf({ isSet, overdue, versions }: SecretView): string {
  if (!isSet) return "not set";
  if (versions.some(({ state }) => state === "pending")) return "being made anew";
  return overdue ? "too old" : "set";
}

/** On the machine where a demo runs, the current sign-in is a customer's: the provider's stands beside it. */
async function calling<T>(
  { connect, options }: Context,
  use: (call: Awaited<ReturnType<Context["connect"]>>["call"]) => Promise<T>,
): Promise<T> {
  const { call } = await connect();
  try {
    return await use(call);
  } catch (error) {
    if (!(error instanceof AppError && hasCode(error, "forbidden"))) throw error;
    throw new AppError("forbidden", error.message, {
      next: `Sign in as the provider's staff${options.profile === undefined ? "; on a demo's machine: --profile local-provider" : ""}.`,
      cause: error,
    });
  }
}
