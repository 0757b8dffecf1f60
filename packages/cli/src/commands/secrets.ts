import { AppError, hasCode } from "@steward/contracts/errors";
import { type SecretName, secretNames } from "@steward/contracts/names";
import { maxSecretCharacters, type SecretView } from "@steward/contracts/secret";
import type { Command } from "commander";
import { z } from "zod";
import type { Context, Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { askProgram } from "../repository.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { examples } from "./shared.ts";

export function addSecrets(program: Command, run: Runner): void {
  const secrets = program
    .command("secrets")
    .summary("keys for services, and Steward's own")
    .description("The installation's secrets (provider's staff). A value goes in and is never shown.");

  const set = secrets
    .command("set")
    .description("Give a secret a new value. It is asked for, or read from a pipe; never an argument.")
    .argument("<name>", "anthropic")
    .option("--stage <stage>", "before a stage's first deploy: with your own AWS credentials instead of a sign-in")
    .action(async (name: string, { stage }: { stage?: string }, self: Command) =>
      run(self, (context) => setSecret(context, name, stage)),
    );
  examples(
    set,
    "steward secrets set anthropic",
    'printf %s "$KEY" | steward secrets set anthropic --profile prod',
    "steward secrets set anthropic --stage prod",
  );

  const list = secrets
    .command("ls")
    .description("The secrets: whether they are set, how old they are, when they change next.")
    .action(async (_options: object, self: Command) => run(self, listSecrets));
  examples(list, "steward secrets ls", "steward secrets ls --json");

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

async function setSecret(context: Context, name: string, stage: string | undefined): Promise<void> {
  const { ui } = context;
  const value = ui.canRead ? (await ui.question(`Value of ${name}: `, { hidden: true }))?.trim() : undefined;
  if (value === undefined || value === "")
    throw usageError("No value was given", `Type it when asked, or: printf %s "$KEY" | steward secrets set ${name}`);
  if (value.length > maxSecretCharacters)
    throw usageError(`A secret has at most ${maxSecretCharacters} characters; this has ${value.length}`);
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
