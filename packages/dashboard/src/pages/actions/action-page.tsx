import { overviewRoutes } from "@steward/contracts/routes/overview";
import type { ActionView } from "@steward/contracts/views";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { TaskFlow } from "../../ask/task-flow.tsx";
import { useMe } from "../../me/use-me.ts";
import { visible } from "../../text.ts";
import { LinkButton } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { WhichTenant } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { ActionFacts } from "./action-facts.tsx";
import styles from "./action-page.module.css";
import { RunAction } from "./run-action.tsx";

const route = getRouteApi("/actions/$actionId");

export function ActionPage() {
  const { actionId } = route.useParams();
  const query = useApi(overviewRoutes.listActions, {}, { every: "background" });
  const action = query.data?.items.find(({ id }) => id === actionId);
  return (
    <Page
      title={visible(action?.title ?? actionId)}
      heading={<Said>{action?.title ?? actionId}</Said>}
      lead={<code>{visible(actionId)}</code>}
      actions={
        <LinkButton to="/actions" tone="quiet" icon="left">
          All actions
        </LinkButton>
      }
      wide
    >
      <Loaded query={query} rows={8}>
        {() =>
          action === undefined ? (
            <Empty title="There is no such action" action={<LinkButton to="/actions">All actions</LinkButton>}>
              The catalogue has none that is called <Said mono>{actionId}</Said>; it may be of another release.
            </Empty>
          ) : (
            <Known key={action.id} action={action} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Known({ action }: { action: ActionView }) {
  const { may, tenantId } = useMe();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  if (search.task !== undefined) {
    return (
      <TaskFlow
        taskId={search.task}
        selectors={(search.on ?? "").split(",").filter((each) => each !== "")}
        onTask={(task) => void navigate({ search: (before) => ({ ...before, task }) })}
        again={
          <LinkButton
            to="/actions/$actionId"
            params={{ actionId: action.id }}
            search={{ on: search.on, with: search.with }}
            icon="edit"
          >
            Run it differently
          </LinkButton>
        }
      />
    );
  }
  return (
    <div className={styles["columns"]}>
      <div className={styles["main"]}>
        {tenantId === undefined ? (
          <Panel title="Run it">
            <WhichTenant />
          </Panel>
        ) : may("operator") ? (
          <RunAction
            action={action}
            search={search}
            onSearch={(next) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true })}
            onTask={(next) => void navigate({ search: (before) => ({ ...before, ...next }) })}
          />
        ) : (
          <Panel title="Run it">
            <Empty title="You may look at it">An operator of your organisation can run it.</Empty>
          </Panel>
        )}
      </div>
      <aside className={styles["side"]} aria-label="About this action">
        <ActionFacts action={action} />
      </aside>
    </div>
  );
}
