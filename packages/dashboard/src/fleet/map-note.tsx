import { causeText } from "./cause-text.ts";
import type { FleetDot } from "./fleet-dot.ts";
import styles from "./fleet-map.module.css";
import { Badge } from "../ui/badge.tsx";
import { Moment } from "../ui/moment.tsx";
import { Said } from "../ui/said.tsx";
import { healthTerms } from "../text.ts";

const noteWidth = 260;

/** Which machine the map's pointer is at, and why it is as it is. */
export function MapNote({ dot, x, y, width }: { dot: FleetDot; x: number; y: number; width: number }) {
  const { text, tone } = healthTerms[dot.health];
  return (
    <div
      className={styles["note"]}
      style={{ left: Math.max(0, Math.min(x, width - noteWidth)), top: y, width: noteWidth }}
    >
      <p className={styles["name"]}>
        <Said>{dot.name}</Said> <Badge tone={tone}>{text}</Badge>
      </p>
      {dot.causes?.slice(0, 4).map((part) => (
        <p key={part}>{causeText(part, dot.metrics)}</p>
      ))}
      {dot.shut === undefined ? null : <p>{shutText[dot.shut]}</p>}
      {dot.metrics === undefined || dot.health === "offline" ? null : (
        <p className={styles["soft"]}>
          CPU {Math.round(dot.metrics.cpuPercent)} % · memory {Math.round(dot.metrics.memoryPercent)} % · disk{" "}
          {Math.round(dot.metrics.diskPercent)} %
        </p>
      )}
      {dot.health === "offline" && dot.lastSeenAt !== undefined ? (
        <p className={styles["soft"]}>
          heard <Moment at={dot.lastSeenAt} />
        </p>
      ) : dot.healthSince === undefined ? null : (
        <p className={styles["soft"]}>
          since <Moment at={dot.healthSince} />
        </p>
      )}
      {dot.tags.length === 0 ? null : (
        <p className={styles["soft"]}>
          <Said>{dot.tags.slice(0, 5).join("  ")}</Said>
        </p>
      )}
    </div>
  );
}

const shutText = {
  quarantined: "In quarantine: its token was used with another key.",
  revoked: "Shut out by a person.",
  unconfirmed: "Waits to be confirmed: nothing runs there yet.",
};
