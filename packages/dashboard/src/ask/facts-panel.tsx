import type { TaskView } from "@steward/contracts/task";
import { decisionText, namesText, rolloutTexts } from "../plan/plan-text.ts";
import { RiskBadge } from "../plan/risk-badge.tsx";
import { plural, spanText, visible } from "../text.ts";
import { Copy } from "../ui/copy.tsx";
import { Facts } from "../ui/facts.tsx";
import { Moment } from "../ui/moment.tsx";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import styles from "./task-flow.module.css";

/** Where, how, how risky, by whom; ids and hashes below, for who wants them. */
export function FactsPanel({ task }: { task: TaskView }) {
  const { plan, planning, recipient, requestedBy } = task;
  const count = plan?.targets.length ?? task.targetCount ?? task.targets.length;
  const total = Math.max(count, task.targetCount ?? 0);
  const rollout = plan === undefined ? [] : rolloutTexts(plan);
  // Where somebody decides, the decision says these itself.
  const decides = task.status === "awaiting_approval";
  const reasons = [...new Set(plan?.steps.flatMap((step) => step.riskReasons))];
  return (
    <Panel title="In short">
      <div className={styles["stack"]}>
        <Facts
          items={[
            !decides &&
              total > 0 && [
                "Where",
                <span key="where">
                  {total > 1 && `${plural(total, "appliance")}: `}
                  <bdi>
                    {namesText(
                      task.targets.map(({ name }) => visible(name)),
                      total,
                      4,
                    )}
                  </bdi>
                </span>,
              ],
            !decides && rollout.length > 0 && ["How", capital(rollout.join("; "))],
            !decides &&
              plan !== undefined && [
                "Risk",
                <span key="risk">
                  <RiskBadge risk={plan.risk} />
                  {reasons.length > 0 && (
                    <span className={styles["small"]}> It {reasons.map(visible).join("; ")}.</span>
                  )}
                </span>,
              ],
            task.status !== "awaiting_approval" &&
              task.gate !== undefined && [
                "Rules",
                task.approval === undefined ? decisionText(task.gate).who : undefined,
              ],
            task.approval !== undefined && ["Approved", <Moment key="approved" at={task.approval.at} />],
            task.breakGlass !== undefined && [
              "Glass broken",
              <span key="glass">
                by <Said>{task.breakGlass.name}</Said>: <Said>{task.breakGlass.reason}</Said>
              </span>,
            ],
            !decides &&
              recipient !== undefined && [
                "Passwords",
                recipient === requestedBy.id
                  ? `for ${visible(requestedBy.name)}, who asked`
                  : `for somebody else than who asked: ${visible(recipient)}`,
              ],
            ["Asked by", <Said key="by">{requestedBy.name}</Said>],
            ["Asked", <Moment key="at" at={task.createdAt} />],
            planning !== undefined && [
              "Understood by",
              `${planning.tier}${planning.model === undefined ? "" : ` (${visible(planning.model)})`} in ${planning.latencyMs < 1000 ? `${Math.round(planning.latencyMs)} ms` : spanText(planning.latencyMs / 1000)}`,
            ],
          ]}
        />
        <details className={styles["details"]}>
          <summary>Details</summary>
          <Facts
            items={[
              ["Task", <Copy key="id" text={task.id} label="Copy the task’s id" />],
              plan !== undefined && [
                "Plan hash",
                <Copy key="hash" text={plan.planHash} label="Copy the plan’s hash" />,
              ],
              plan !== undefined && ["Release", String(plan.releaseVersion)],
              planning?.grade !== undefined && ["Grade", planning.grade.toFixed(2)],
              planning?.costUsd !== undefined && ["Cost", `$${planning.costUsd.toFixed(4)}`],
              task.requestId !== undefined && [
                "Request",
                <span key="request" className={styles["hash"]}>
                  {task.requestId}
                </span>,
              ],
            ]}
          />
        </details>
      </div>
    </Panel>
  );
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
