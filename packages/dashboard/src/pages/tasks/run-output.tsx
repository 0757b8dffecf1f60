import { bytesText } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Output } from "../../ui/output.tsx";
import { Problem } from "../../ui/problem.tsx";
import type { OutputSoFar } from "./read-output.ts";
import styles from "./task.module.css";
import { useOutput } from "./use-output.ts";

export interface RunOutputProps {
  taskId: string;
  applianceId: string;
  /** The appliance's. */
  name: string;
  /** It may still grow. */
  isLive: boolean;
}

/** What the machine printed, as it comes: each piece checked against its hash before it is shown. */
export function RunOutput({ taskId, applianceId, name, isLive }: RunOutputProps) {
  const { output, problem, isRefused, readAll, isReading } = useOutput({ taskId, applianceId, isLive });
  if (isRefused)
    return (
      <div className={styles["distrust"]} role="alert">
        <Icon name="warn" />
        <div>
          <p>
            <strong>The output is not shown: {problem?.message}.</strong>
          </p>
          <p>Somebody or something changed it on the way. The run itself is not affected; tell your provider.</p>
        </div>
      </div>
    );
  if (output === undefined)
    return problem === undefined ? (
      <p className={styles["soft"]} role="status">
        Reading the output …
      </p>
    ) : (
      <Problem error={problem} />
    );
  if (output.expired)
    return (
      <p className={styles["soft"]}>Its output is gone: it was kept for as long as your organisation's policy says.</p>
    );
  if (output.text === "" && !isReading)
    return <p className={styles["soft"]}>{isLive ? "It has printed nothing yet." : "It printed nothing."}</p>;
  return (
    <div>
      {output.isCut && (
        <p className={styles["cut"]}>
          Only the end is shown.{" "}
          {!readAll.isOn && (
            <Button onClick={readAll.start}>Read all of it ({bytesText(output.storedBytes)} packed)</Button>
          )}
        </p>
      )}
      <Output text={output.text} name={`output of ${name}`} follow={isLive} note={noteOf(output, isLive)} />
      {problem !== undefined && <Problem error={problem} />}
    </div>
  );
}

function noteOf(output: OutputSoFar, isLive: boolean): string {
  const size = bytesText(output.text.length);
  if (!output.complete) return `${size} so far${isLive ? ", live" : ""}`;
  return output.checked === "whole" ? `${size}, checked whole` : `${size}, each piece checked`;
}
