import { taskRoutes } from "@steward/contracts/routes/tasks";
import { taskIdSchema } from "@steward/contracts/ids";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { taskTerms, taskTitle, termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { TextField } from "../../ui/fields.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { GateExplained } from "./gate-explained.tsx";
import styles from "./settings.module.css";

const route = getRouteApi("/settings");

/** Why a request may run or not: every rule's verdict, asked now. */
export function GateTab() {
  return (
    <ForTenant>
      <Explain />
    </ForTenant>
  );
}

function Explain() {
  const { task } = route.useSearch();
  const navigate = route.useNavigate();
  const [typed, setTyped] = useState(task ?? "");
  const isId = taskIdSchema.safeParse(typed.trim()).success;
  const show = (id: string | undefined) => {
    setTyped(id ?? "");
    void navigate({ search: (before) => ({ ...before, task: id }) });
  };
  return (
    <div className={styles["columns"]}>
      <Panel title="Which request?">
        <div className={styles["form"]}>
          <form
            className={styles["inline"]}
            onSubmit={(event) => {
              event.preventDefault();
              if (isId) show(typed.trim());
            }}
          >
            <TextField
              label="Its id"
              mono
              value={typed}
              onChange={setTyped}
              placeholder="tsk_…"
              error={typed.trim() === "" || isId ? undefined : "must look like tsk_…"}
            />
            <Button type="submit" tone="primary" disabled={!isId}>
              Explain
            </Button>
          </form>
          <Recent chosen={task} onChoose={show} />
        </div>
      </Panel>
      {task === undefined ? (
        <Panel title="Why, or why not">
          <Empty title="Nothing runs without the gate’s word">
            <p>
              Roles, windows, freezes and your rules are asked when a plan is made, at the yes, before each appliance is
              told and when it starts. Choose a request to see each rule’s verdict now. On a terminal:
            </p>
            <Copy text="steward gate explain tsk_…" label="Copy the command" />
          </Empty>
        </Panel>
      ) : (
        <GateExplained key={task} taskId={task} />
      )}
    </div>
  );
}

function Recent({ chosen, onChoose }: { chosen: string | undefined; onChoose: (id: string) => void }) {
  const tasks = useApi(taskRoutes.listTasks, { query: { limit: 20 } }, { every: "background" });
  return (
    <Loaded
      query={tasks}
      rows={6}
      empty={({ items }) => items.length === 0}
      emptyState={
        <p className={styles["soft"]}>
          Nobody has asked for anything yet: <Link to="/ask">ask</Link>.
        </p>
      }
    >
      {({ items }) => (
        <ul className={styles["choices"]} aria-label="The newest requests">
          {items.map((task) => (
            <li key={task.id}>
              <button type="button" aria-pressed={task.id === chosen} onClick={() => onChoose(task.id)}>
                <bdi>{taskTitle(task)}</bdi>
                <span className={styles["soft"]}>
                  <Status of={termOf(taskTerms, task.status)} /> <Moment at={task.createdAt} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  );
}
