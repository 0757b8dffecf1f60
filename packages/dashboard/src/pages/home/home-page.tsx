import { taskRoutes } from "@steward/contracts/routes/tasks";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { AskBox } from "../../ask/ask-box.tsx";
import type { AskKind } from "../../ask/kind-choice.tsx";
import type { Place } from "../../ask/places.ts";
import { useMe } from "../../me/use-me.ts";
import { visible } from "../../text.ts";
import { LinkButton } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { FleetSentence } from "./fleet-sentence.tsx";
import styles from "./home-page.module.css";
import { MyRequests } from "./my-requests.tsx";
import { WaitingForMe } from "./waiting-for-me.tsx";

/** For a person of one tenant: how my machines are, what waits for me, what I can ask for, and what became of it. */
export function HomePage() {
  const { principal, may, tenant } = useMe();
  const tasks = useApi(taskRoutes.listTasks, { query: { limit: 100 } });
  return (
    <Page title="Home" heading={`Hello, ${visible(principal.name)}`} lead={<FleetSentence tenant={tenant?.name} />}>
      <WaitingForMe />
      {may("operator") ? <Ask /> : <OnlyLooking />}
      <MyRequests query={tasks} />
    </Page>
  );
}

function Ask() {
  const navigate = useNavigate();
  const [kind, setKind] = useState<AskKind>("change");
  const [words, setWords] = useState("");
  const [places, setPlaces] = useState<Place[]>([]);
  return (
    <Panel title="What can be done for you?" className={styles["ask"]}>
      <AskBox
        kind={kind}
        onKind={setKind}
        words={words}
        onWords={setWords}
        places={places}
        onPlaces={setPlaces}
        onAsked={(task) =>
          void navigate({
            to: "/ask",
            search: {
              q: words,
              on: places.length === 0 ? undefined : places.map(({ selector }) => selector).join(","),
              ...(kind === "question" ? { kind } : {}),
              task: task.id,
            },
          })
        }
      />
    </Panel>
  );
}

/** A viewer changes nothing, and is told who can. */
function OnlyLooking() {
  return (
    <Panel className={styles["ask"]}>
      <Empty
        title="You may look, and ask questions"
        action={
          <LinkButton to="/ask" search={{ kind: "question" }} icon="ask" tone="primary">
            Ask a question
          </LinkButton>
        }
      >
        Asking for changes needs the role operator; yours is viewer. One of your administrators can give it to you, or
        ask for the change.
      </Empty>
    </Panel>
  );
}
