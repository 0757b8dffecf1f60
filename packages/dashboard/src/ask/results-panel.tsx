import type { ResultGroup } from "@steward/contracts/commands";
import { commandRoutes } from "@steward/contracts/routes/commands";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { useApi } from "../api/use-api.ts";
import { namesText } from "../plan/plan-text.ts";
import { plural, runTerms, termOf, visible, visibleLines } from "../text.ts";
import { Status } from "../ui/badge.tsx";
import { Empty } from "../ui/empty.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import { factsOf } from "./result-facts.ts";
import styles from "./results-panel.module.css";

/** What many appliances said: equal answers once, with who gave them; what needs a look comes first. */
export function ResultsPanel({ task }: { task: TaskView }) {
  const found = (task.runs ?? []).some((run) => run.steps.some((step) => step.result !== undefined));
  const query = useApi(
    commandRoutes.getResults,
    { params: { taskId: task.id } },
    { every: taskHasEnded(task.status) ? "background" : "watched", enabled: found },
  );
  if (!found) return null;
  const { data } = query;
  return (
    <Panel
      title="What they say"
      note={
        data === undefined
          ? undefined
          : `${data.answered} of ${plural(data.appliances, "appliance")}, equal answers together`
      }
    >
      <Loaded
        query={query}
        empty={({ groups }) => groups.length === 0}
        emptyState={<Empty title="Nobody has answered yet" />}
      >
        {({ groups, moreGroups }) => (
          <div className={styles["groups"]}>
            {groups.map((group, index) => (
              <Group key={index} group={group} />
            ))}
            {moreGroups > 0 && (
              <p className={styles["soft"]}>
                And {plural(moreGroups, "more kind")} of answer, one by one at the appliances.
              </p>
            )}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

function Group({ group }: { group: ResultGroup }) {
  const { count, appliances, glance, reason, status, steps } = group;
  const results = steps.flatMap(({ result }) => (result === undefined || result === null ? [] : [result]));
  return (
    <section className={styles["group"]}>
      <h3 className={styles["head"]}>
        {count > 1 && <span className={styles["count"]}>{count} ×</span>}
        {glance !== undefined ? <Said>{glance}</Said> : reason !== undefined ? <Said>{reason}</Said> : null}
        {(status !== "succeeded" || (glance === undefined && results.length === 0)) && (
          <Status of={termOf(runTerms, status)} />
        )}
      </h3>
      <p className={styles["soft"]}>
        <bdi>
          {namesText(
            appliances.map(({ name }) => visible(name)),
            count,
            8,
          )}
        </bdi>
      </p>
      {glance === undefined && results.map((result, index) => <Result key={index} result={result} />)}
    </section>
  );
}

const shownFacts = 60;

/** What a read found: a list by comma, an object by line, anything else as it stands. */
function Result({ result }: { result: unknown }) {
  const facts = factsOf(result);
  if (facts === undefined)
    return (
      <pre className={styles["raw"]}>
        {visibleLines(typeof result === "string" ? result : JSON.stringify(result, null, 2))}
      </pre>
    );
  return (
    <dl className={styles["facts"]}>
      {facts.slice(0, shownFacts).map(([name, value]) => (
        <div key={name} className={styles["fact"]}>
          <dt>{visible(name)}</dt>
          <dd>
            <Said mono>{value}</Said>
          </dd>
        </div>
      ))}
      {facts.length > shownFacts && <p className={styles["soft"]}>And {facts.length - shownFacts} more.</p>}
    </dl>
  );
}
