import type { ResultGroup, TaskResults } from "@steward/contracts/commands";
import { commandRoutes } from "@steward/contracts/routes/commands";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { useApi } from "../../api/use-api.ts";
import { plural, runTerms, termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { downloadText } from "../../ui/exports.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Said } from "../../ui/said.tsx";
import { ApplianceLink } from "./appliance-link.tsx";
import { Found } from "./found.tsx";
import styles from "./task.module.css";

/** What the appliances said, equal answers together; what needs a look comes first. */
export function ResultsPanel({ task }: { task: TaskView }) {
  const results = useApi(
    commandRoutes.getResults,
    { params: { taskId: task.id } },
    { every: taskHasEnded(task.status) ? "background" : "watched" },
  );
  return (
    <div className={styles["planPart"]}>
      <Loaded
        query={results}
        empty={({ groups }) => groups.length === 0}
        emptyState={
          <Empty title="Nobody has answered yet">
            When appliances have ended their runs, those with the very same outcome stand here together.
          </Empty>
        }
      >
        {(found) => <Groups results={found} />}
      </Loaded>
    </div>
  );
}

function Groups({ results }: { results: TaskResults }) {
  const { answered, appliances, groups, moreGroups } = results;
  return (
    <>
      <p className={styles["resultsHead"]}>
        <span>
          {answered} of {plural(appliances, "appliance")} answered, in {plural(groups.length + moreGroups, "way")}.
        </span>
        <Button
          tone="quiet"
          icon="download"
          onClick={() => downloadText(`results-${results.taskId}`, "json", JSON.stringify(results, null, 2))}
        >
          JSON
        </Button>
      </p>
      <ul className={styles["groups"]}>
        {groups.map((group, index) => (
          <Group key={index} group={group} all={appliances} />
        ))}
      </ul>
      {moreGroups > 0 && (
        <p className={styles["soft"]}>And {plural(moreGroups, "more kind")} of answer: look at the runs one by one.</p>
      )}
    </>
  );
}

function Group({ group, all }: { group: ResultGroup; all: number }) {
  const { count, appliances, status, reason, glance, steps } = group;
  const changed = steps.reduce((sum, step) => sum + step.changed, 0);
  return (
    <li className={styles["group"]}>
      <div className={styles["stepHead"]}>
        <strong className={styles["groupCount"]}>{count === all && all > 1 ? `all ${all}` : `${count} ×`}</strong>
        <Status of={termOf(runTerms, status)} />
        {(glance ?? reason) !== undefined ? (
          <span>
            <Said>{glance ?? reason}</Said>
          </span>
        ) : (
          changed > 0 && <span>{changed} changed</span>
        )}
      </div>
      <p className={styles["names"]}>
        {appliances.map(({ id, name }, index) => (
          <span key={id}>
            {index > 0 && ", "}
            <ApplianceLink id={id} name={name} />
          </span>
        ))}
        {count > appliances.length && ` and ${count - appliances.length} more`}
      </p>
      {glance === undefined && steps.map((step, index) => <Found key={index} result={step.result} />)}
    </li>
  );
}
