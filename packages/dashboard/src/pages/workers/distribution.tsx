import type { Distribution as Answer } from "@steward/contracts/queues";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { countText, spanText } from "../../text.ts";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { SelectField, SwitchField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { laneTitle } from "./lanes.tsx";
import { useWhose } from "./use-load.ts";
import styles from "./workers.module.css";

type Item = Answer["items"][number];

const columns: readonly Column<Item>[] = [
  {
    id: "worker",
    header: "Worker",
    width: 150,
    cell: ({ worker }) => <Said>{worker.name}</Said>,
    text: ({ worker }) => worker.name,
  },
  {
    id: "lane",
    header: "Lane",
    width: 90,
    hideBelow: 480,
    cell: ({ lane }) => laneTitle(lane),
    text: ({ lane }) => lane,
  },
  {
    id: "model",
    header: "Model",
    width: 170,
    hideBelow: 620,
    cell: ({ tier, model }) => (
      <span>
        <Said mono>{model}</Said> {tier === "claude" ? <span className={styles["soft"]}>Claude</span> : null}
      </span>
    ),
    text: ({ tier, model }) => `${tier} ${model}`,
  },
  {
    id: "share",
    header: "Share",
    width: 140,
    cell: ({ share }) => (
      <span className={styles["share"]}>
        <span className={styles["shareTrack"]} aria-hidden="true">
          <span className={styles["shareFill"]} style={{ width: `${share * 100}%` }} />
        </span>
        {(share * 100).toFixed(1)} %
      </span>
    ),
    text: ({ share }) => share,
  },
  {
    id: "jobs",
    header: "Jobs",
    width: 70,
    align: "end",
    cell: ({ jobs }) => countText(jobs),
    text: ({ jobs }) => jobs,
  },
  {
    id: "failed",
    header: "Failed",
    width: 70,
    align: "end",
    hideBelow: 520,
    cell: ({ failures }) => countText(failures),
    text: ({ failures }) => failures,
  },
  {
    id: "tokens",
    header: "Tokens",
    width: 90,
    align: "end",
    hideBelow: 760,
    cell: ({ tokens }) => countText(tokens),
    text: ({ tokens }) => tokens,
  },
  {
    id: "speed",
    header: "Tokens/s",
    width: 90,
    align: "end",
    hideBelow: 860,
    cell: (item) => (speedOf(item) === undefined ? "" : speedOf(item)?.toFixed(1)),
    text: (item) => speedOf(item) ?? "",
  },
  {
    id: "time",
    header: "Time",
    width: 80,
    align: "end",
    cell: ({ seconds }) => spanText(seconds),
    text: ({ seconds }) => seconds,
  },
  {
    id: "cost",
    header: "Cost",
    width: 90,
    align: "end",
    hideBelow: 700,
    cell: ({ costUsd }) => (costUsd === 0 ? "" : `$${costUsd.toFixed(4)}`),
    text: ({ costUsd }) => costUsd,
  },
];

function speedOf({ tokens, seconds }: Item): number | undefined {
  return seconds > 0 ? tokens / seconds : undefined;
}

const page = getRouteApi("/workers");
const spans = [1, 7, 14, 31] as const;

/** Where work ran: by worker, lane, tier and model. */
export function Distribution() {
  const { days = 7, own = false } = page.useSearch();
  const navigate = page.useNavigate();
  const { isStaff, tenantId } = useMe();
  const asked = useApi(
    queueRoutes.workDistribution,
    { query: { days, ...(own ? { scope: "tenant" as const } : {}) } },
    { every: "background", keepsLast: true, ...useWhose() },
  );
  return (
    <Panel
      title="Where work ran"
      note={
        asked.data === undefined
          ? undefined
          : `${asked.data.from} to ${asked.data.to}, ${asked.data.scope === "installation" ? "all tenants" : "this tenant"}`
      }
      flush
      actions={
        <div className={styles["filters"]}>
          {isStaff && tenantId !== undefined ? (
            <SwitchField
              label="This tenant only"
              checked={own}
              onChange={(next) =>
                void navigate({
                  search: (before) => ({ ...before, own: next ? (true as const) : undefined }),
                  replace: true,
                })
              }
            />
          ) : null}
          <SelectField
            label="Days"
            quietLabel
            value={String(days)}
            onChange={(next) =>
              void navigate({ search: (before) => ({ ...before, days: Number(next) }), replace: true })
            }
            options={[...new Set([...spans, days])]
              .sort((a, b) => a - b)
              .map((count) => ({ value: String(count), label: count === 1 ? "today" : `${count} days` }))}
          />
        </div>
      }
    >
      <Loaded query={asked} rows={5}>
        {(answer) => (
          <>
            <DataTable
              name="work"
              columns={columns}
              rows={answer.items}
              rowId={(item) => [item.worker.id, item.lane, item.tier, item.model].join(" ")}
              empty={
                <Empty title="No model has worked on anything in this time">
                  <p>
                    What the matcher understands by itself needs no model. Ask for something unusual, and it is here a
                    moment later.
                  </p>
                </Empty>
              }
            />
            {answer.more ? <p className={styles["foot"]}>There is more: these are the largest.</p> : null}
          </>
        )}
      </Loaded>
    </Panel>
  );
}
