import { holdsSecret } from "@steward/contracts/redact";
import type { Command } from "commander";
import { carryThrough } from "../carry-through.ts";
import type { Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { type RolloutOptions, rolloutOptions, rolloutRequest } from "../rollout-options.ts";
import { collect, examples, targetsOf, wholeNumber } from "./shared.ts";

export interface SubmitOptions extends RolloutOptions {
  on?: string[];
  check?: boolean;
  preview?: boolean;
  recipient?: string;
  yes?: boolean;
  confirm?: string;
  breakGlass?: string;
  verbosity: number;
  output?: boolean;
}

/** The options of everything that changes appliances. */
export function submitOptions(command: Command): Command {
  const submitting = command
    .option("--on <target>", "an appliance, a tag key:value, or all; more than once or by comma", collect)
    .option("--check", "only show what would change")
    .option("--recipient <person>", "who may open the passwords that it makes, by id (default: you)")
    .option("--preview", "show what would change on each appliance before the plan is approved")
    .option("--yes", "say yes to the plan without being asked")
    .option("--confirm <name>", "the name that the plan wants retyped, for scripts")
    .option("--break-glass <reason>", "alone and at once, past windows, blast radius, preview and the second person")
    .option("--output", "show every appliance's output, however many there are")
    .option("--verbosity <0-4>", "how much Ansible says", wholeNumber(0, 4), 0);
  return rolloutOptions(submitting);
}

/** The part of a submitted task that those options make. */
export function submission(options: SubmitOptions & { planOnly?: boolean }) {
  const targets = targetsOf(options.on);
  if (targets.length === 0) {
    throw usageError(
      "Say where with --on",
      "An appliance's name, a tag like site:berlin, or all; `steward appliances ls` shows them.",
    );
  }
  const rollout = rolloutRequest(options);
  return {
    targets,
    ...(rollout === undefined ? {} : { rollout }),
    ...(options.recipient === undefined ? {} : { recipient: options.recipient }),
    // Else a plan that needs nobody's yes would run before it was looked at.
    ...(options.preview === true || options.planOnly === true ? { confirm: true } : {}),
    mode: options.check === true ? ("check" as const) : ("apply" as const),
    verbosity: options.verbosity,
  };
}

export function carryOptions(options: SubmitOptions & { planOnly?: boolean }) {
  return {
    ...(options.yes === undefined ? {} : { yes: options.yes }),
    ...(options.preview === undefined ? {} : { preview: options.preview }),
    ...(options.confirm === undefined ? {} : { confirm: options.confirm }),
    ...(options.breakGlass === undefined ? {} : { breakGlass: options.breakGlass }),
    ...(options.planOnly === undefined ? {} : { planOnly: options.planOnly }),
    output: options.output === true ? ("all" as const) : ("some" as const),
  };
}

export function addAsk(program: Command, run: Runner): void {
  const command = program
    .command("ask")
    .summary("ask for a change in plain words")
    .description("Shows how it was understood, asks for your yes, and follows the change to its end.")
    .argument("<words...>", "what you want");
  submitOptions(command)
    .option("--plan-only", "stop after showing the plan")
    .action(async (words: string[], options: SubmitOptions & { planOnly?: boolean }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const shared = submission(options);
        // The API refuses it too; so it does not even leave this machine.
        if (holdsSecret(words.join(" ")))
          throw usageError(
            "A password or another secret must not stand in a request",
            "Say it without the secret: where an action needs a password, Steward makes it itself.",
          );
        const { call } = await connect();
        const task = await call("submitTask", {
          body: { instruction: words.join(" "), ...shared },
          idempotencyKey: crypto.randomUUID(),
        });
        return carryThrough(call, task, ui, nowMs, carryOptions(options));
      }),
    );
  examples(
    command,
    'steward ask "add user john" --on bert',
    'steward ask "give john a share" --on site:berlin --plan-only',
    'steward ask "restart samba" --on all --check',
    'steward ask "add user john" --on bert --yes --json',
    'steward ask "restart samba" --on all --canary 1 --waves 10%,100% --health-gate 2 --undo-on-failure',
  );
}
