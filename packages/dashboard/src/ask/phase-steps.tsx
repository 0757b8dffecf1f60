import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/icon.tsx";
import { type Phase, phases, phaseTitles } from "./phase.ts";
import styles from "./task-flow.module.css";

/** How far a request is. */
export function PhaseSteps({ phase, failed, isQuestion }: { phase: Phase; failed: boolean; isQuestion: boolean }) {
  const shown = isQuestion ? (["ask", "understand", "done"] as const) : phases;
  const at = shown.findIndex((each) => each === phase);
  return (
    <ol className={styles["phases"]} aria-label="How far it is">
      {shown.map((each, index) => {
        const done = index < at || (phase === "done" && !failed);
        return (
          <li
            key={each}
            className={classes(
              styles["phase"],
              done && styles["done"],
              index === at && styles["at"],
              index === at && failed && styles["failed"],
            )}
            aria-current={index === at ? "step" : undefined}
          >
            <span className={styles["dot"]} aria-hidden="true">
              {done ? (
                <Icon name="check" size={12} />
              ) : index === at && failed ? (
                <Icon name="close" size={12} />
              ) : (
                index + 1
              )}
            </span>
            {index === at && failed ? "Ended" : phaseTitles[each]}
            {done && <span className="heard"> (done)</span>}
          </li>
        );
      })}
    </ol>
  );
}
