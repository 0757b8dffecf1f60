import { classes } from "../ui/classes.ts";
import styles from "./ask-box.module.css";

export type AskKind = "change" | "question";

const kinds: readonly { kind: AskKind; title: string }[] = [
  { kind: "change", title: "Change something" },
  { kind: "question", title: "Ask a question" },
];

export function KindChoice({ kind, onKind }: { kind: AskKind; onKind: (kind: AskKind) => void }) {
  return (
    <fieldset className={styles["kinds"]}>
      <legend className="heard">What is it?</legend>
      {kinds.map((each) => (
        <label key={each.kind} className={classes(styles["kind"], each.kind === kind && styles["chosen"])}>
          <input
            type="radio"
            name="kind"
            className="heard"
            checked={each.kind === kind}
            onChange={() => onKind(each.kind)}
          />
          {each.title}
        </label>
      ))}
    </fieldset>
  );
}
