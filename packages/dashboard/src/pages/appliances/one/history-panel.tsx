import { fleetRoutes } from "@steward/contracts/routes/fleet";
import type { NodeHistory } from "@steward/contracts/fleet";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useApi } from "../../../api/use-api.ts";
import type { Tone } from "../../../text.ts";
import { Empty } from "../../../ui/empty.tsx";
import { SelectField } from "../../../ui/fields.tsx";
import { Loaded } from "../../../ui/loaded.tsx";
import { exactText, Moment } from "../../../ui/moment.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Plot } from "../../../ui/plot.tsx";
import { type HealthSpan, healthSpans, type HistoryMetric, seriesOf, sharesOf } from "./history-series.ts";
import styles from "./one.module.css";

const route = getRouteApi("/appliances/$nodeId");
const ranges = [
  { value: "3", label: "Last 3 hours" },
  { value: "24", label: "Last day" },
  { value: "72", label: "Last 3 days" },
  { value: "168", label: "Last week" },
];

const plots: { metric: HistoryMetric; title: string; unit: string; tone: Tone; max?: number }[] = [
  { metric: "cpuPercent", title: "CPU", unit: "%", tone: "busy", max: 100 },
  { metric: "memoryPercent", title: "Memory", unit: "%", tone: "mock", max: 100 },
  { metric: "diskPercent", title: "Disk", unit: "%", tone: "wait", max: 100 },
  { metric: "loadAverage1m", title: "Load (1 min)", unit: "", tone: "good" },
];

/** How it was. */
export function HistoryPanel({ nodeId }: { nodeId: string }) {
  const { hours = 24 } = route.useSearch();
  const navigate = route.useNavigate();
  const history = useApi(
    fleetRoutes.nodeHistory,
    { params: { nodeId }, query: { hours } },
    { every: "background", keepsLast: true },
  );
  const known = ranges.some(({ value }) => value === String(hours));
  return (
    <Panel
      title="History"
      actions={
        <SelectField
          label="How far back"
          quietLabel
          value={String(hours)}
          onChange={(value) =>
            void navigate({
              search: ({ hours: _was, ...rest }) => (value === "24" ? rest : { ...rest, hours: Number(value) }),
              replace: true,
            })
          }
          options={known ? ranges : [...ranges, { value: String(hours), label: `Last ${hours} hours` }]}
        />
      }
    >
      <Loaded
        query={history}
        rows={6}
        empty={({ points }) => points.length === 0}
        emptyState={<Empty title="Nothing is known of that time">A step is kept every five minutes, for a week.</Empty>}
      >
        {(data) => <Drawn history={data} hours={hours} toMs={history.dataUpdatedAt} />}
      </Loaded>
    </Panel>
  );
}

function Drawn({ history, hours, toMs }: { history: NodeHistory; hours: number; toMs: number }) {
  const spans = useMemo(() => healthSpans(history, toMs - hours * 3_600_000, toMs), [history, hours, toMs]);
  const drawn = useMemo(
    () =>
      plots.map(({ metric, title, tone, ...rest }) => {
        const { atMs, values } = seriesOf(history, metric);
        return { ...rest, title, atMs, series: [{ label: "Mean of five minutes", tone, values }] };
      }),
    [history],
  );
  return (
    <div className={styles["stack"]}>
      <HealthStrip spans={spans} />
      <div className={styles["plots"]}>
        {drawn.map((plot) => (
          <Plot key={plot.title} {...plot} kind="area" height={130} group="appliance-history" />
        ))}
      </div>
    </div>
  );
}

const levels = ["healthy", "warning", "critical", "offline", "silent"] as const;

function HealthStrip({ spans }: { spans: readonly HealthSpan[] }) {
  const shares = sharesOf(spans);
  const percent = (share: number) =>
    share > 0.999 ? "100" : (share * 100).toFixed(share < 0.1 || share > 0.9 ? 1 : 0);
  const words = levels.flatMap((level) =>
    shares[level] === undefined ? [] : [`${level} ${percent(shares[level])} %`],
  );
  const beganMs = spans[0]?.fromMs ?? 0;
  const total = (spans.at(-1)?.toMs ?? 0) - beganMs;
  return (
    <div>
      <div className={styles["strip"]} role="img" aria-label={`Health: ${words.join(", ")} of the time`}>
        {spans.map(({ level, fromMs, toMs }) => (
          <span
            key={fromMs}
            className={styles["span"]}
            data-level={level}
            style={{ width: `${((toMs - fromMs) / total) * 100}%` }}
            title={`${level}: ${exactText(new Date(fromMs).toISOString())} to ${exactText(new Date(toMs).toISOString())}`}
          />
        ))}
      </div>
      <p className={styles["soft"]}>
        {words.join(", ")}, since <Moment at={new Date(beganMs).toISOString()} />
      </p>
    </div>
  );
}
