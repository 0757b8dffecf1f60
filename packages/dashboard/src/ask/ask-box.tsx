import { holdsSecret } from "@steward/contracts/redact";
import { supportRoutes } from "@steward/contracts/routes/support";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { type KeyboardEvent, useId, useState } from "react";
import { useChange } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { RolloutFields } from "../plan/rollout-fields.tsx";
import { emptyRollout, readRollout } from "../plan/rollout-draft.ts";
import { visible } from "../text.ts";
import { Button } from "../ui/button.tsx";
import { FieldProblems } from "../ui/problem.tsx";
import styles from "./ask-box.module.css";
import { Examples } from "./examples.tsx";
import { type AskKind, KindChoice } from "./kind-choice.tsx";
import { mentioned, type Place, placeWord, tidy } from "./places.ts";
import { LateTargetsField } from "./late-targets-field.tsx";
import { StartFields } from "./start-fields.tsx";
import { useNodes } from "./use-places.ts";

export interface AskBoxProps {
  kind: AskKind;
  onKind: (kind: AskKind) => void;
  words: string;
  onWords: (words: string) => void;
  places: readonly Place[];
  onPlaces: (places: Place[]) => void;
  onAsked: (task: TaskView) => void;
  autoFocus?: boolean;
}

/** A wish or a question in plain words, and where. Nothing runs before its plan was seen, unless one says otherwise. */
export function AskBox({ kind, onKind, words, onWords, places, onPlaces, onAsked, autoFocus = false }: AskBoxProps) {
  const { may } = useMe();
  const id = useId();
  const [rollout, setRollout] = useState(emptyRollout);
  const [check, setCheck] = useState(false);
  const [atOnce, setAtOnce] = useState(false);
  const [tried, setTried] = useState(false);
  const submit = useChange(taskRoutes.submitTask, { quiet: true, onDone: onAsked });
  const question = useChange(supportRoutes.askSupport, { quiet: true, onDone: onAsked });
  const asks = kind === "question";
  const change = asks ? question : submit;
  const read = readRollout(rollout);
  const secret = holdsSecret(words);
  const noPlace = !asks && places.length === 0;
  const send = () => {
    setTried(true);
    const text = words.trim();
    if (text === "" || noPlace || secret || change.isRunning || (!asks && read.problems.length > 0)) return;
    const targets = places.map(({ selector }) => selector);
    if (asks)
      void question.run({
        body: { question: text, ...(targets.length === 0 ? {} : { targets: targets.slice(0, 5) }) },
      });
    else
      void submit.run({
        body: {
          instruction: text,
          targets,
          mode: check ? "check" : "apply",
          ...(atOnce ? {} : { confirm: true }),
          ...(read.rollout === undefined ? {} : { rollout: read.rollout }),
        },
      });
  };
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className={styles["box"]}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {may("operator") && <KindChoice kind={kind} onKind={onKind} />}
      <div className={styles["words"]}>
        <label className="heard" htmlFor={id}>
          {asks ? "Your question" : "What should be done"}
        </label>
        <textarea
          id={id}
          className={styles["input"]}
          value={words}
          onChange={(event) => onWords(event.target.value)}
          onKeyDown={press}
          placeholder={asks ? "How do I reach my files from Windows?" : "Add user john and give him a share"}
          maxLength={2_000}
          rows={2}
          autoFocus={autoFocus}
          aria-describedby={secret ? `${id}-secret` : undefined}
          aria-invalid={secret || undefined}
        />
        {secret && (
          <p id={`${id}-secret`} className={styles["secret"]} role="alert">
            A password or another secret must not stand here: say it without. Where an action needs a password, Steward
            makes it itself.
          </p>
        )}
      </div>
      <div className={styles["where"]}>
        <LateTargetsField
          value={places}
          onChange={onPlaces}
          label={asks ? "About (optional)" : "Where"}
          error={tried && noPlace ? "Say where: an appliance, a tag, or all." : undefined}
        />
        <Button
          type="submit"
          tone="primary"
          busy={change.isRunning}
          className={styles["send"]}
          aria-keyshortcuts="Enter"
        >
          {asks ? "Ask" : atOnce ? "Do it" : "Show the plan"}
        </Button>
      </div>
      <Named words={words} places={places} onPlaces={onPlaces} />
      {change.error !== null && <FieldProblems error={change.error} />}
      {!asks && (
        <details className={styles["more"]}>
          <summary>How it is done</summary>
          <div className={styles["options"]}>
            <StartFields check={check} onCheck={setCheck} atOnce={atOnce} onAtOnce={setAtOnce} />
            <RolloutFields draft={rollout} onDraft={setRollout} problems={read.problems} />
          </div>
        </details>
      )}
      {words.trim() === "" && <Examples kind={kind} onChoose={onWords} />}
    </form>
  );
}

/** Appliances and tags that the sentence names: one press takes them. */
function Named({ words, places, onPlaces }: Pick<AskBoxProps, "words" | "places" | "onPlaces">) {
  const { nodes: first } = useNodes("");
  const word = placeWord(words);
  const { nodes: found } = useNodes(word, word.length >= 3);
  const named = mentioned(words, [...new Map([...first, ...found].map((node) => [node.id, node])).values()]).filter(
    ({ selector }) => places.every((place) => place.selector !== selector),
  );
  if (named.length === 0) return null;
  return (
    <p className={styles["named"]}>
      Do you mean{" "}
      {named.slice(0, 4).map((place) => (
        <Button key={place.selector} tone="quiet" icon="add" onClick={() => onPlaces(tidy([...places, place]))}>
          {visible(place.label)}
        </Button>
      ))}
    </p>
  );
}
