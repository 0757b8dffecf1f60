import { approverWords, fineText, gateMoments } from "@steward/contracts/gate-words";
import type { GateExplanation } from "@steward/contracts/task";
import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { table } from "../text/table.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { examples } from "./shared.ts";

export function addGate(program: Command, run: Runner): void {
  const gate = program
    .command("gate")
    .summary("why something may run or not")
    .description("Why something may run or not.");
  const explain = gate
    .command("explain")
    .description("Every rule's verdict on a task, asked now: which of them decide, and what would change that.")
    .argument("<task>")
    .action(async (id: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const result = await call("explainGate", { params: { taskId: id } });
        ui.data(result);
        ui.say(explanation(result, ui));
      }),
    );
  examples(explain, "steward gate explain tsk_01jd0000000000000000000000");
}

export function explanation(result: GateExplanation, ui: Pick<Ui, "paint" | "width">): string {
  const { paint } = ui;
  const painted = (decision: GateExplanation["decision"], text = decision.replaceAll("_", " ")): string =>
    decision === "allow" ? paint.green(text) : decision === "deny" ? paint.red(text) : paint.yellow(text);
  const marks = { allow: "✔", needs_approval: "?", deny: "✘" } as const;
  const deciding = result.rules.filter((rule) => rule.decides);
  const lines = [
    `${paint.bold(painted(result.decision))}${result.decision === "needs_approval" && result.approver !== undefined ? `: ${approverWords[result.approver]}` : ""}  ${paint.dim(`asked ${gateMoments[result.moment]}`)}`,
  ];
  if (result.held !== undefined) {
    const { untilMs } = result.held;
    lines.push(
      paint.cyan(
        `  It waits and goes on by itself${untilMs === undefined ? "" : `, at ${new Date(untilMs).toISOString()}`}.`,
      ),
    );
  }
  lines.push(
    "",
    table(
      result.rules,
      [
        { head: "", cell: (rule) => painted(rule.decision, marks[rule.decision]) },
        {
          head: "RULE",
          cell: (rule) => (rule.decides ? paint.bold(painted(rule.decision, words(rule.rule))) : words(rule.rule)),
        },
        {
          head: "WHY",
          cell: (rule) => (rule.why.length === 0 ? paint.dim(fineText(rule.rule)) : rule.why.map(visible).join(" ")),
          flexible: true,
        },
      ],
      ui.width,
      paint,
    ),
  );
  if (deciding.length > 0) {
    lines.push("", paint.bold("What decides, and what would change it"));
    for (const rule of deciding) {
      lines.push(`  ${painted(rule.decision, marks[rule.decision])} ${paint.bold(words(rule.rule))}`);
      for (const why of rule.why) lines.push(`    ${visible(why)}`);
      if (rule.next !== undefined) lines.push(`    ${paint.dim("→")} ${visible(rule.next)}`);
      if (rule.passable && rule.decision === "deny") {
        lines.push(
          `    ${paint.dim('→ An approver passes over it: steward tasks approve <task> --break-glass "why"')}`,
        );
      }
    }
  }
  if (result.yourYes !== undefined) {
    const { decision, reasons } = result.yourYes;
    const against = reasons.filter((reason) => reason.decision !== "allow");
    lines.push(
      "",
      `${paint.bold("Your yes")}  ${decision === "allow" ? paint.green("is enough") : paint.red("is not enough")}`,
      ...against.map(({ why }) => `    ${visible(why)}`),
    );
  }
  return lines.join("\n");
}

/** `twoPerson` → `two person`. */
function words(rule: string): string {
  return visible(rule.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
}
