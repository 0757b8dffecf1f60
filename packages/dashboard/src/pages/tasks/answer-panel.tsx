import type { Citation, SupportAnswer } from "@steward/contracts/support";
import type { TaskView } from "@steward/contracts/task";
import { useMe } from "../../me/use-me.ts";
import { visible, visibleLines } from "../../text.ts";
import { LinkButton } from "../../ui/button.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./task.module.css";

/** The answer to a question: as a model writes it, and then with its sources, which it was held to. */
export function AnswerPanel({ task }: { task: TaskView }) {
  const { answer, growing } = task;
  if (answer === undefined)
    return (
      <Panel title="The answer so far" note="Nobody has checked these words yet.">
        <p className={styles["answer"]} aria-live="polite">
          {visibleLines(growing?.text ?? "")}
          <span className={styles["caret"]} aria-hidden="true" />
        </p>
      </Panel>
    );
  return (
    <Panel
      title={answer.source === "model" ? "Answer" : "From the documentation"}
      note={
        answer.source === "model"
          ? "A model's words, held to the sources below."
          : "The passages that fit best, as they stand."
      }
    >
      {answer.source === "model" && <p className={styles["answer"]}>{visibleLines(answer.text)}</p>}
      <Sources answer={answer} />
      {answer.proposal !== undefined && <Proposal instruction={answer.proposal.instruction} />}
    </Panel>
  );
}

function Sources({ answer: { citations, source } }: { answer: SupportAnswer }) {
  if (citations.length === 0) return null;
  return (
    <ul className={styles["sources"]}>
      {citations.map((citation, index) => (
        <li key={citation.number}>
          <details open={source === "documentation" && index === 0}>
            <summary>
              [{citation.number}] <Said>{citation.title}</Said>{" "}
              <span className={styles["soft"]}>{placeOf(citation)}</span>
            </summary>
            <p className={styles["excerpt"]}>{visibleLines(citation.excerpt)}</p>
          </details>
        </li>
      ))}
    </ul>
  );
}

function placeOf({ source, href }: Citation): string {
  if (source === "facts") return "what the appliance says of itself";
  return href === undefined ? "the catalogue of actions" : visible(href);
}

/** What could be asked for next. It does nothing until somebody asks for it. */
function Proposal({ instruction }: { instruction: string }) {
  const me = useMe();
  return (
    <div className={styles["proposal"]}>
      <p>
        You could ask for: “<Said>{instruction}</Said>”
      </p>
      {me.may("operator") && (
        <LinkButton to="/ask" search={{ q: instruction }} icon="ask">
          Ask for that
        </LinkButton>
      )}
    </div>
  );
}
