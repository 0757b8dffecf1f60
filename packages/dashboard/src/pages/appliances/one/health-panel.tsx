import { alertRoutes } from "@steward/contracts/routes/alerts";
import type { NodeView } from "@steward/contracts/node";
import { useApi } from "../../../api/use-api.ts";
import { healthTerms, spanText, termOf, visible } from "../../../text.ts";
import { metrics as judged } from "../../../thresholds/threshold-draft.ts";
import { Badge, Status } from "../../../ui/badge.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Said } from "../../../ui/said.tsx";
import { causeText } from "./causes.ts";
import styles from "./one.module.css";

type Pair = readonly [warning: number, critical: number];

/** How it is now, since when, and why; each metric against what it is judged by. */
export function HealthPanel({ node }: { node: NodeView }) {
  const thresholds = useApi(alertRoutes.getNodeThresholds, { params: { nodeId: node.id } }, { every: "background" });
  const { health, healthSince, causes = [], metrics, lastSeenAt } = node;
  return (
    <Panel
      title="Health"
      note={
        <>
          Last heartbeat <Moment at={lastSeenAt} />
          {metrics !== undefined && <>, up for {spanText(metrics.uptimeSeconds)}</>}
        </>
      }
    >
      <div className={styles["stack"]}>
        <div className={styles["between"]}>
          <p>
            <Status of={termOf(healthTerms, health)} />{" "}
            {healthSince !== undefined && (
              <>
                since <Moment at={healthSince} />
              </>
            )}
          </p>
          {health === "offline" && (
            <p className={styles["soft"]}>
              {lastSeenAt === undefined
                ? "It has never sent a heartbeat: is its agent running?"
                : "No heartbeat came for twice its interval: it is off, or cannot reach Steward. What is below is what it said last."}
            </p>
          )}
        </div>
        {causes.length > 0 && (
          <ul className={styles["causes"]} aria-label="Why">
            {causes.map(({ part, level }) => {
              const { what, subject } = causeText(part);
              return (
                <li key={part}>
                  <Badge tone={level === "critical" ? "bad" : "wait"}>{level}</Badge>
                  <span>{visible(what)}</span>
                  {subject !== undefined && <Said mono>{subject}</Said>}
                </li>
              );
            })}
          </ul>
        )}
        {metrics === undefined ? (
          <p className={styles["soft"]}>It has told no metrics yet.</p>
        ) : (
          <div className={styles["now"]}>
            {judged.map(({ metric, label, unit }) => (
              <Scale
                key={metric}
                label={label}
                unit={unit}
                value={metrics[metric]}
                bounds={thresholds.data?.inForce[metric]}
              />
            ))}
          </div>
        )}
      </div>
    </Panel>
  );
}

/** A value on its scale, with marks where it would be a warning and critical. */
function Scale({
  label,
  unit,
  value,
  bounds,
}: {
  label: string;
  /** Empty: it has no unit, and no end. */
  unit: string;
  value: number;
  bounds: Pair | undefined;
}) {
  const isOpen = unit === "";
  const max = isOpen ? Math.max(value, bounds?.[1] ?? 1) * 1.15 : 100;
  const tone = bounds === undefined ? "good" : value >= bounds[1] ? "bad" : value >= bounds[0] ? "wait" : "good";
  const text = isOpen ? value.toFixed(2) : `${Math.round(value)} ${unit}`;
  const marks = bounds === undefined ? "" : `warning from ${bounds[0]}, critical from ${bounds[1]}`;
  const at = (part: number) => `${Math.min(100, (part / max) * 100)}%`;
  return (
    <div className={styles["scale"]} title={marks}>
      <div className={styles["scaleHead"]}>
        <span>{label}</span>
        <strong>{text}</strong>
      </div>
      <div
        className={styles["track"]}
        role="meter"
        aria-label={label}
        aria-valuenow={value}
        aria-valuemin={0}
        aria-valuemax={Math.max(max, value)}
        aria-valuetext={marks === "" ? text : `${text}, ${marks}`}
      >
        <div className={styles["fill"]} data-tone={tone} style={{ width: at(value) }} />
        {bounds?.map((bound) => (
          <span key={bound} className={styles["mark"]} style={{ left: at(bound) }} aria-hidden="true" />
        ))}
      </div>
    </div>
  );
}
