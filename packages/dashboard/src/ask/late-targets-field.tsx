import { lazy, Suspense, useEffect, useId, useState } from "react";
import { visible } from "../text.ts";
import type { TargetsFieldProps } from "./targets-field.tsx";
import styles from "./targets-field.module.css";

const TargetsField = lazy(async () => ({ default: (await import("./targets-field.tsx")).TargetsField }));

/**
 * The field for where, on pages that somebody begins with: what finds and lists places is loaded when the page is drawn
 * and nothing else is to be done, or when it is gone to.
 */
export function LateTargetsField(props: TargetsFieldProps) {
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    // Safari has no idle times to ask for.
    const soon = globalThis.requestIdleCallback ?? ((done: () => void) => setTimeout(done, 200));
    const cancel = globalThis.cancelIdleCallback ?? clearTimeout;
    const asked = soon(() => setWanted(true));
    return () => cancel(asked as number);
  }, []);
  const still = <StillField {...props} onWanted={() => setWanted(true)} />;
  return wanted ? (
    <Suspense fallback={still}>
      <TargetsField {...props} />
    </Suspense>
  ) : (
    still
  );
}

/** Of the same size and words. */
function StillField({ value, label = "Where", onWanted }: TargetsFieldProps & { onWanted: () => void }) {
  const id = useId();
  return (
    <div className={styles["field"]}>
      <label htmlFor={id} className={styles["label"]}>
        {label}
      </label>
      <div className={styles["box"]}>
        <div className={styles["chips"]}>
          <input
            id={id}
            className={styles["input"]}
            readOnly
            value={value.map((place) => visible(place.label)).join(", ")}
            placeholder="Appliance, tag, or all"
            onFocus={onWanted}
          />
        </div>
      </div>
    </div>
  );
}
