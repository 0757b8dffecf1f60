import type { MovedLetters as Answer } from "@steward/contracts/dead-letters";
import { plural } from "../../text.ts";
import { IconButton } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./workers.module.css";

export interface Moved {
  verb: "redriven" | "thrown away";
  answer: Answer;
}

/** What became of each: done, refused and why, not found. */
export function MovedLetters({ moved: { verb, answer }, onClose }: { moved: Moved; onClose: () => void }) {
  const { done, refused, missing, left } = answer;
  const nothing = done.length + refused.length + missing.length === 0;
  return (
    <div className={styles["moved"]} role="status">
      <div>
        {nothing ? "There were no dead letters." : null}
        {done.length > 0 ? (
          <p>
            {plural(done.length, "letter")} {verb}.
          </p>
        ) : null}
        <ul>
          {done.map(({ messageId, as }) => (
            <li key={messageId}>
              <Icon name="check" /> <Said mono>{messageId}</Said>: <Said>{as}</Said>
            </li>
          ))}
          {refused.map(({ messageId, why }) => (
            <li key={messageId}>
              <Icon name="close" /> <Said mono>{messageId}</Said> refused: <Said>{why}</Said>
            </li>
          ))}
          {missing.map((id) => (
            <li key={id}>
              <Icon name="info" /> <Said mono>{id}</Said> is not there, or somebody else looks at it just now
            </li>
          ))}
        </ul>
        {left > 0 ? <p className={styles["soft"]}>About {left} left.</p> : null}
      </div>
      <IconButton label="Close this" icon="close" onClick={onClose} />
    </div>
  );
}
