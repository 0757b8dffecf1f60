import { changedFields } from "@steward/contracts/changed-fields";
import { visible } from "../../../text.ts";
import styles from "./one.module.css";

/** What differs between two configurations: each field by its path, with what it was and what it is. */
export function Changes({ before, after }: { before: object; after: object }) {
  const changes = changedFields(before, after);
  if (changes.length === 0) return <p className={styles["soft"]}>Nothing differs.</p>;
  return (
    <ul className={styles["diff"]}>
      {changes.map((change) => (
        <li key={change.path}>
          <strong>{visible(change.path)}</strong>
          {"before" in change && (
            <div className={styles["before"]}>
              <span className="heard">was </span>- {visible(JSON.stringify(change.before))}
            </div>
          )}
          {"after" in change && (
            <div className={styles["after"]}>
              <span className="heard">is </span>+ {visible(JSON.stringify(change.after))}
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
