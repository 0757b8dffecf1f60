import type { TaskView } from "@steward/contracts/task";
import { taskHasEnded } from "@steward/contracts/states";
import { plainStatus } from "../../ask/phase.ts";
import { toneOf } from "../../ask/plain-tone.ts";
import { useMe } from "../../me/use-me.ts";
import { namesText, stepSentence, titleOf } from "../../plan/plan-text.ts";
import { visible, visibleLines } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { LinkButton } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { VerbBar } from "../tasks/verb-bar.tsx";
import { doneWords, myRequests } from "./plain-requests.ts";
import styles from "./home-page.module.css";

const shown = 20;

interface Asked {
  data: { items: TaskView[] } | undefined;
  error: Error | null;
  refetch: () => unknown;
}

/** What I asked for, what happens with it, and what was done; ids, hashes and waves only below Details. */
export function MyRequests({ query }: { query: Asked }) {
  const { principal, may } = useMe();
  return (
    <Panel
      title="My requests"
      flush
      actions={
        <LinkButton to="/tasks" tone="quiet">
          All requests
        </LinkButton>
      }
    >
      <Loaded
        query={query}
        rows={6}
        empty={({ items }) => myRequests(items, principal.id).length === 0}
        emptyState={
          <Empty title="You have not asked for anything yet">
            {may("operator") ? (
              <>
                Say above what should be done, such as “add user john”. On the command line:{" "}
                <Copy text={'steward ask "add user john" --on all'} />
              </>
            ) : (
              "Your questions and what was answered will stand here."
            )}
          </Empty>
        }
      >
        {({ items }) => (
          <ul>
            {myRequests(items, principal.id)
              .slice(0, shown)
              .map((task) => (
                <Request key={task.id} task={task} me={principal.id} />
              ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}

function Request({ task, me }: { task: TaskView; me: string }) {
  const done = doneWords(task);
  const answer = task.escalation?.answer;
  return (
    <li className={styles["request"]}>
      <div className={styles["line"]}>
        <span className={styles["what"]}>
          <strong>
            <Said>{titleOf(task)}</Said>
          </strong>
          <span className={styles["small"]}>
            {task.targets.length > 0 && (
              <>
                On{" "}
                {namesText(
                  task.targets.map(({ name }) => visible(name)),
                  task.targetCount ?? task.targets.length,
                )}
                ,{" "}
              </>
            )}
            <Moment at={task.createdAt} />
          </span>
        </span>
        <Badge tone={toneOf(task)}>{plainStatus(task, me)}</Badge>
        <LinkButton
          tone="quiet"
          to="/ask"
          search={{ task: task.id }}
          icon="right"
          aria-label={`Look at: ${visible(titleOf(task))}`}
        >
          Look
        </LinkButton>
      </div>
      {taskHasEnded(task.status) && done !== undefined && (
        <p className={styles["done"]}>
          <bdi>{visibleLines(done.length > 300 ? `${done.slice(0, 300)}…` : done)}</bdi>
        </p>
      )}
      {task.escalation !== undefined && (
        <p className={styles["done"]}>
          {answer === undefined ? (
            "Your provider was asked, and has not answered yet."
          ) : (
            <>
              Your provider says: <Said>{answer.note}</Said>
            </>
          )}
        </p>
      )}
      <div className={styles["foot"]}>
        <VerbBar task={task} />
        <details className={styles["details"]}>
          <summary>Details</summary>
          <Facts
            items={[
              task.plan !== undefined && [
                "Steps",
                <ul key="steps">
                  {task.plan.steps.map((step, index) => (
                    <li key={index}>
                      <Said>{stepSentence(step)}</Said>
                    </li>
                  ))}
                </ul>,
              ],
              task.waves !== undefined &&
                task.waves.length > 0 && ["Waves", task.waves.map(({ total }) => total).join(", ")],
              ["Task", <Copy key="id" text={task.id} label="Copy the task’s id" />],
              task.plan !== undefined && [
                "Plan hash",
                <Copy key="hash" text={task.plan.planHash} label="Copy the plan’s hash" />,
              ],
            ]}
          />
        </details>
      </div>
    </li>
  );
}
