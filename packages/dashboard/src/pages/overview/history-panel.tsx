import { fleetRoutes } from "@steward/contracts/routes/fleet";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useAcross } from "../../api/use-across.ts";
import { Empty } from "../../ui/empty.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { Plot } from "../../ui/plot.tsx";
import { sumHistory } from "./sums.ts";

const spans = ["6", "24", "72", "168"] as const;
type Span = (typeof spans)[number];
const labels: Record<Span, string> = { "6": "6 hours", "24": "24 hours", "72": "3 days", "168": "7 days" };

/** How many machines were not well, and when. */
export function HistoryPanel({ tenantIds }: { tenantIds: readonly string[] }) {
  const search = useSearch({ strict: false }) as { hours?: number | string };
  const navigate = useNavigate();
  const span = spans.find((one) => one === String(search.hours)) ?? "24";
  // A step is five minutes: asked for every half a minute, it is never missed for long.
  const asked = useAcross(fleetRoutes.fleetHistory, { query: { hours: Number(span) } }, { tenantIds, everyMs: 30_000 });
  const { data } = asked;
  const sum = useMemo(() => (data === undefined ? undefined : sumHistory(data.map(({ answer }) => answer))), [data]);
  return (
    <Panel
      title="Health over time"
      actions={
        <SelectField<Span>
          label="How far back"
          quietLabel
          value={span}
          options={spans.map((value) => ({ value, label: labels[value] }))}
          onChange={(hours) =>
            void navigate({
              to: ".",
              search: ((before: object) => ({ ...before, hours: Number(hours) })) as never,
              replace: true,
              resetScroll: false,
            })
          }
        />
      }
    >
      <Loaded
        query={{ ...asked, data: sum }}
        rows={6}
        empty={({ atMs }) => atMs.length < 2}
        emptyState={
          <Empty title="Not long enough">
            A step is kept every five minutes: the picture begins with the second one.
          </Empty>
        }
      >
        {({ atMs, counts }) => (
          <Plot
            title="Machines that were not well"
            unit=""
            kind="stack"
            height={200}
            atMs={atMs}
            series={[
              { label: "critical", tone: "bad", values: counts.map(({ critical }) => critical) },
              { label: "offline", tone: "still", values: counts.map(({ offline }) => offline) },
              { label: "warning", tone: "wait", values: counts.map(({ warning }) => warning) },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}
