import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { Citation } from "@steward/contracts/support";
import type { TaskView } from "@steward/contracts/task";
import { useChange } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { visible, visibleLines } from "../text.ts";
import { Button, LinkButton } from "../ui/button.tsx";
import { Panel } from "../ui/page.tsx";
import { FieldProblems } from "../ui/problem.tsx";
import { Said } from "../ui/said.tsx";
import { AskProvider } from "./escalation.tsx";
import { Feedback } from "./feedback.tsx";
import { mayAskProvider } from "./phase.ts";
import styles from "./task-flow.module.css";

/** An answer as it grows, with what it was made from; and what could be asked for next. */
export function AnswerPanel({
  task,
  selectors = [],
  onTask,
}: {
  task: TaskView;
  selectors?: readonly string[] | undefined;
  onTask: (taskId: string) => void;
}) {
  const me = useMe();
  const submit = useChange(taskRoutes.submitTask, { quiet: true, onDone: ({ id }) => onTask(id) });
  const { answer, growing } = task;
  if (answer === undefined) {
    return (
      <Panel title="The answer, as it comes" note="A model’s words, which nobody has checked yet">
        <p className={styles["words"]} aria-busy="true">
          {visibleLines(growing?.text ?? "")}
        </p>
      </Panel>
    );
  }
  const wish = answer.proposal?.instruction;
  return (
    <Panel
      title={answer.source === "model" ? "Answer" : "What the documentation says"}
      note={answer.source === "model" ? "A model’s words, held to the sources below" : undefined}
    >
      <div className={styles["stack"]}>
        <p className={styles["words"]}>
          <bdi>{visibleLines(answer.text)}</bdi>
        </p>
        {answer.citations.length > 0 && (
          <ul className={styles["sources"]} aria-label="Sources">
            {answer.citations.map((citation) => (
              <Source key={citation.number} citation={citation} />
            ))}
          </ul>
        )}
        {wish !== undefined && me.may("operator") && (
          <div className={styles["stack"]}>
            <p>
              You could ask for this: “<Said>{wish}</Said>”
            </p>
            <div className={styles["buttons"]}>
              {selectors.length > 0 && (
                <Button
                  tone="primary"
                  busy={submit.isRunning}
                  onClick={() =>
                    void submit.run({ body: { instruction: wish, targets: [...selectors], confirm: true } })
                  }
                >
                  Show the plan
                </Button>
              )}
              <LinkButton
                to="/ask"
                search={{ q: wish, ...(selectors.length > 0 ? { on: selectors.join(",") } : {}) }}
                icon="edit"
              >
                Change it first
              </LinkButton>
            </div>
            <FieldProblems error={submit.error} />
          </div>
        )}
        <Feedback task={task} />
        {mayAskProvider(task, { id: me.principal.id, isOperator: me.may("operator") }) &&
          task.status === "succeeded" && <AskProvider task={task} />}
      </div>
    </Panel>
  );
}

function Source({ citation }: { citation: Citation }) {
  return (
    <li>
      <details>
        <summary>
          [{citation.number}] <Said>{citation.title}</Said> <span className={styles["small"]}>{citation.source}</span>
        </summary>
        <blockquote>{visibleLines(citation.excerpt)}</blockquote>
        {citation.href !== undefined && <code className={styles["hash"]}>{visible(citation.href)}</code>}
      </details>
    </li>
  );
}
