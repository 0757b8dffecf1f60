import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { AskBox } from "../../ask/ask-box.tsx";
import { type Place, placeOfSelector } from "../../ask/places.ts";
import { RecentRequests } from "../../ask/recent-requests.tsx";
import { TaskFlow } from "../../ask/task-flow.tsx";
import { useNodes } from "../../ask/use-places.ts";
import { useMe } from "../../me/use-me.ts";
import { LinkButton } from "../../ui/button.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { WhichTenant } from "../../ui/problem.tsx";
import styles from "./ask-page.module.css";

const route = getRouteApi("/ask");

export function AskPage() {
  const { tenantId } = useMe();
  const { task } = route.useSearch();
  if (tenantId === undefined) {
    return (
      <Page title="Ask" lead="What is asked for is done in one tenant.">
        <WhichTenant />
      </Page>
    );
  }
  return task === undefined ? <Begin /> : <GoOn taskId={task} />;
}

/** The words stay in the address as one leaves them: a link to what one was about to ask. */
function Begin() {
  const { may } = useMe();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { nodes } = useNodes("");
  const [words, setWords] = useState(search.q ?? "");
  const selectors = selectorsOf(search.on);
  const places = selectors.map((selector) => placeOfSelector(selector, nodes));
  // A viewer may ask questions, and nothing else.
  const kind = search.kind === "question" || !may("operator") ? "question" : "change";
  const setPlaces = (next: Place[]) =>
    void navigate({
      search: (before) => ({ ...before, q: words, on: next.map(({ selector }) => selector).join(",") }),
      replace: true,
    });
  return (
    <Page
      title={kind === "question" ? "Ask a question" : "Ask for a change"}
      lead={
        kind === "question"
          ? "Answered from the documentation, the catalogue and, where you name an appliance, its own facts. Changes nothing."
          : "Say it in your own words. You see exactly what will happen before anything does."
      }
    >
      <Panel className={styles["ask"]}>
        <AskBox
          kind={kind}
          onKind={(next) =>
            void navigate({
              search: (before) => ({ ...before, q: words, kind: next === "question" ? next : undefined }),
              replace: true,
            })
          }
          words={words}
          onWords={setWords}
          places={places}
          onPlaces={setPlaces}
          onAsked={(task) => void navigate({ search: (before) => ({ ...before, q: words, task: task.id }) })}
          autoFocus
        />
      </Panel>
      <RecentRequests />
    </Page>
  );
}

function GoOn({ taskId }: { taskId: string }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page title="Ask" wide>
      <TaskFlow
        taskId={taskId}
        selectors={selectorsOf(search.on)}
        onTask={(task) => void navigate({ search: (before) => ({ ...before, task }) })}
        again={
          <>
            <LinkButton to="/ask" search={{ ...search, task: undefined }} icon="edit">
              Say it differently
            </LinkButton>
            <LinkButton to="/ask" search={{}} icon="add">
              Ask for something else
            </LinkButton>
          </>
        }
      />
    </Page>
  );
}

function selectorsOf(on: string | undefined): string[] {
  return (on ?? "").split(",").filter((selector) => selector !== "");
}
