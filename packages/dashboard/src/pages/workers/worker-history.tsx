import { providerTenantId } from "@steward/contracts/ids";
import { fleetRoutes } from "@steward/contracts/routes/fleet";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { SelectField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { Plot } from "../../ui/plot.tsx";
import { withGaps } from "./with-gaps.ts";
import styles from "./workers.module.css";

const page = getRouteApi("/workers/$nodeId");
const spans = [1, 6, 24, 72, 168];

/** Its metrics over the last hours or days. */
export function WorkerHistory({ nodeId }: { nodeId: string }) {
  const { hours = 24 } = page.useSearch();
  const navigate = page.useNavigate();
  const asked = useApi(
    fleetRoutes.nodeHistory,
    { params: { nodeId }, query: { hours } },
    { inTenant: providerTenantId, every: "background", keepsLast: true },
  );
  return (
    <Panel
      title="History"
      note="Means of five minutes; a gap is where nothing was heard."
      actions={
        <SelectField
          label="Hours"
          quietLabel
          value={String(hours)}
          onChange={(next) =>
            void navigate({ search: { hours: next === "24" ? undefined : Number(next) }, replace: true })
          }
          options={[...new Set([...spans, hours])]
            .sort((a, b) => a - b)
            .map((count) => ({ value: String(count), label: count < 48 ? `${count} h` : `${count / 24} days` }))}
        />
      }
    >
      <Loaded query={asked} rows={5}>
        {({ points, stepSeconds }) => {
          const { atMs, rows } = withGaps(points, stepSeconds);
          const of = (value: (row: (typeof points)[number]) => number) =>
            rows.map((row) => (row === null ? null : value(row)));
          return (
            <div className={styles["plots"]}>
              <Plot
                title="CPU and memory"
                unit="%"
                max={100}
                group="worker"
                atMs={atMs}
                series={[
                  { label: "CPU", tone: "busy", values: of(({ cpuPercent }) => cpuPercent) },
                  { label: "Memory", tone: "mock", values: of(({ memoryPercent }) => memoryPercent) },
                ]}
              />
              <Plot
                title="Load"
                unit=""
                group="worker"
                atMs={atMs}
                kind="area"
                series={[{ label: "Load of a minute", tone: "wait", values: of(({ loadAverage1m }) => loadAverage1m) }]}
              />
              <Plot
                title="Disk"
                unit="%"
                max={100}
                group="worker"
                atMs={atMs}
                kind="area"
                series={[{ label: "Used", tone: "good", values: of(({ diskPercent }) => diskPercent) }]}
              />
            </div>
          );
        }}
      </Loaded>
    </Panel>
  );
}
