import type { RiskRules } from "@steward/contracts/risk";
import type { ActionView } from "@steward/contracts/views";
import type { Client } from "@steward/contracts/client";
import type { Command } from "commander";
import { carryThrough } from "../carry-through.ts";
import type { Runner } from "../context.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { table } from "../text/table.ts";
import { duration } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { describeProperty, parseValues, variablesOf } from "../values.ts";
import { carryOptions, type SubmitOptions, submission, submitOptions } from "./ask.ts";
import { examples } from "./shared.ts";

export function addActions(program: Command, run: Runner): void {
  const actions = program
    .command("actions")
    .summary("what appliances can be told to do")
    .description("What appliances can be told to do.");

  actions
    .command("ls")
    .description("The catalogue.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { items } = await call("listActions", {});
        ui.data({ items });
        ui.say(
          table(
            items,
            [
              { head: "ACTION", cell: (action) => visible(action.id) },
              { head: "DOES", cell: (action) => visible(action.title), flexible: true },
              { head: "KIND", cell: (action) => action.kind },
              { head: "RISK", cell: (action) => riskRange(action.risk) },
              { head: "VARIABLES", cell: (action) => variablesText(action), flexible: true },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );

  actions
    .command("show")
    .description("One action with its variables.")
    .argument("<action>")
    .action(async (id: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const action = await findAction(call, id);
        ui.data(action);
        const { paint } = ui;
        ui.say(`${paint.bold(visible(action.title))}  ${paint.dim(action.id)}`);
        ui.say(`${kindText(action)}; ends after ${duration(action.timeoutSeconds * 1000)} at the latest`);
        ui.say(
          `Risk: ${action.risk.base}${action.risk.rules.map((rule) => `; ${rule.risk} where it ${visible(rule.why)} (${visible(rule.variable)})`).join("")}`,
        );
        const variables = variablesOf(action.variables);
        if (variables.length > 0) ui.say(`\n${paint.bold("Variables")}`);
        const width = Math.max(0, ...variables.map(({ name }) => name.length));
        for (const { name, property, required } of variables) {
          ui.say(
            `  ${visible(name).padEnd(width)}  ${visible(describeProperty(property))}${required ? "" : paint.dim("  (optional)")}`,
          );
        }
        ui.say(`\n${paint.bold("In words")}`);
        for (const example of action.examples.slice(0, 4)) ui.say(`  ${visible(example)}`);
        const values = variables.filter(({ required }) => required).map(({ name }) => ` ${name}=…`);
        ui.say(
          `\n${paint.bold("As a command")}\n  steward actions run ${action.id}${values.join("")} --on <appliance>`,
        );
      }),
    );

  const command = actions
    .command("run")
    .description("Run one action with values of your own: no words, nothing to understand.")
    .argument("<action>", "such as users.add")
    .argument("[values...]", "name=value; lists by comma");
  submitOptions(command).action(async (id: string, pairs: string[], options: SubmitOptions, self: Command) =>
    run(self, async ({ connect, ui, nowMs }) => {
      const shared = submission(options);
      const { call } = await connect();
      const action = await findAction(call, id);
      const variables = parseValues(action.id, action.variables, pairs);
      const task = await call("submitTask", {
        body: { steps: [{ action: action.id, variables }], ...shared },
        idempotencyKey: crypto.randomUUID(),
      });
      return carryThrough(call, task, ui, nowMs, carryOptions(options));
    }),
  );
  examples(
    command,
    "steward actions run users.add username=john --on bert",
    "steward actions run users.add username=john groups=media,users --on site:berlin --yes",
    "steward actions run disk.usage --on all",
  );
}

async function findAction(call: Client, id: string): Promise<ActionView> {
  const { items } = await call("listActions", {});
  const found = items.find((action) => action.id === id);
  if (found) return found;
  const area = id.split(".")[0] ?? id;
  const close = items.filter((action) => action.id.startsWith(area)).map((action) => action.id);
  throw new CliError(exitCodes.usage, `There is no action ${id}`, {
    next: close.length > 0 ? `There are: ${close.join(", ")}` : "List them: steward actions ls",
  });
}

function variablesText(action: ActionView): string {
  return variablesOf(action.variables)
    .map(({ name, required }) => visible(required ? name : `[${name}]`))
    .join(" ");
}

function kindText(action: ActionView): string {
  if (action.kind === "read") return "Only reads";
  return action.undo === "recorded"
    ? "Changes the appliance; can be undone"
    : "Acts on the appliance; cannot be undone";
}

/** `low`, or `low–high` where values can raise it. */
function riskRange(risk: RiskRules): string {
  const order = ["low", "medium", "high"];
  const highest = risk.rules.reduce((most, rule) => Math.max(most, order.indexOf(rule.risk)), order.indexOf(risk.base));
  const top = order[highest] ?? risk.base;
  return top === risk.base ? top : `${risk.base}–${top}`;
}
