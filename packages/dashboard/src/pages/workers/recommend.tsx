import { requirementSchema, type ScoredWorker } from "@steward/contracts/queues";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { healthTerms, termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { NumberField, TextField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { useLoad, useWhose } from "./use-load.ts";
import styles from "./workers.module.css";

const page = getRouteApi("/workers");
const partNames: Record<string, { title: string; tone: string }> = {
  cpu: { title: "CPU", tone: "busy" },
  memory: { title: "Memory", tone: "good" },
  activeJobs: { title: "Free slots", tone: "mock" },
  health: { title: "Health", tone: "wait" },
};

/** Which worker would get a job just now, and what its score is made of. */
export function Recommend() {
  const search = page.useSearch();
  const navigate = page.useNavigate();
  const { needs = "", count = 3 } = search;
  const status = useLoad();
  const models = useMemo(
    () => [...new Set(status.data?.workers.flatMap(({ models: all }) => all))].sort(),
    [status.data],
  );
  const [model, setModel] = useState(() => partOf(needs, "model"));
  const [slots, setSlots] = useState<number | undefined>(() => Number(partOf(needs, "slots")) || undefined);
  const [memory, setMemory] = useState<number | undefined>(() => Number(partOf(needs, "gpu-memory-mb")) || undefined);
  const wanted = [
    ...(model.trim() === "" ? [] : [`model:${model.trim()}`]),
    ...(slots === undefined ? [] : [`slots:${slots}`]),
    ...(memory === undefined ? [] : [`gpu-memory-mb:${memory}`]),
  ];
  const wrong = wanted.find((one) => !requirementSchema.safeParse(one).success);
  const asked = useApi(
    queueRoutes.recommendWorkers,
    { query: { count, ...(needs === "" ? {} : { requirements: needs }) } },
    { every: "background", keepsLast: true, ...useWhose() },
  );
  return (
    <Panel title="Who would do it" note="CPU counts 40 of 100, memory 30, free slots 20, health 10.">
      <form
        className={styles["needs"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (wrong === undefined)
            void navigate({ search: (before) => ({ ...before, needs: wanted.join(",") || undefined }), replace: true });
        }}
      >
        <TextField
          label="Model"
          value={model}
          onChange={setModel}
          placeholder="any"
          list={models}
          mono
          error={wrong?.startsWith("model") === true ? "Such as llama3.1:8b" : undefined}
        />
        <NumberField
          label="Free slots"
          value={slots}
          onChange={setSlots}
          min={1}
          step={1}
          error={wrong?.startsWith("slots") === true ? "A whole number" : undefined}
        />
        <NumberField
          label="GPU memory, MB"
          value={memory}
          onChange={setMemory}
          min={0}
          step={1}
          error={wrong?.startsWith("gpu") === true ? "A whole number" : undefined}
        />
        <NumberField
          label="How many"
          value={count}
          min={1}
          max={50}
          step={1}
          onChange={(next) =>
            void navigate({
              search: (before) => ({ ...before, count: next === undefined || next === 3 ? undefined : next }),
              replace: true,
            })
          }
        />
        <Button type="submit" tone="primary">
          Find
        </Button>
      </form>
      <Loaded
        query={asked}
        empty={({ items, unfit }) => items.length + unfit.length === 0}
        emptyState={
          <Empty title="There is no worker">
            Nobody would do it. What needs a model goes to Claude, where a key is set.
          </Empty>
        }
      >
        {({ items, unfit }) => (
          <>
            {items.length === 0 ? <p>No worker fits.</p> : null}
            <ol className={styles["scored"]}>
              {items.map((worker) => (
                <Scored key={worker.id} worker={worker} />
              ))}
            </ol>
            {unfit.length > 0 ? (
              <>
                <h3 className={styles["subhead"]}>Do not fit</h3>
                <ul className={styles["unfit"]}>
                  {unfit.map(({ id, name, why }) => (
                    <li key={id}>
                      <Said>{name}</Said>: <Said>{why}</Said>
                    </li>
                  ))}
                </ul>
              </>
            ) : null}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Scored({ worker }: { worker: ScoredWorker }) {
  return (
    <li className={styles["scoredOne"]}>
      <div className={styles["scoredHead"]}>
        <strong>
          <Said>{worker.name}</Said>
        </strong>
        <Status of={termOf(healthTerms, worker.health)} />
        <span className={styles["soft"]}>
          {worker.free} of {worker.slots} slots free
        </span>
        <span className={styles["grow"]} />
        <span className={styles["score"]}>{worker.score.toFixed(1)}</span>
      </div>
      <div className={styles["scoreTrack"]} aria-hidden="true">
        {worker.parts.map(({ name, points }) => (
          <span key={name} data-tone={partNames[name]?.tone} style={{ width: `${points}%` }} />
        ))}
      </div>
      <ul className={styles["scoreParts"]}>
        {worker.parts.map(({ name, points, weight }) => (
          <li key={name}>
            <span aria-hidden="true" className={styles["swatch"]} data-tone={partNames[name]?.tone} />
            {partNames[name]?.title ?? name} {points.toFixed(1)} of {weight}
          </li>
        ))}
      </ul>
    </li>
  );
}

/** `model:a,slots:2` → the part behind `model:`. Models have colons of their own. */
function partOf(needs: string, kind: string): string {
  const found = needs.split(",").findLast((one) => one.startsWith(`${kind}:`));
  return found?.slice(kind.length + 1) ?? "";
}
