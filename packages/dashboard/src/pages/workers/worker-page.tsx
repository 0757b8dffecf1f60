import { providerTenantId } from "@steward/contracts/ids";
import type { NodeView } from "@steward/contracts/node";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { healthTerms, spanText, termOf, visible } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Meter } from "../../ui/meter.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { Fingerprint } from "./fingerprint.tsx";
import { Slots } from "./slots.tsx";
import { inGroups, pullingText, slotsOf, slotsWords, standing } from "./work-text.ts";
import { WorkOfWorker } from "./work-of-worker.tsx";
import { WorkerHistory } from "./worker-history.tsx";
import { WorkerMenu } from "./worker-menu.tsx";
import styles from "./workers.module.css";

const page = getRouteApi("/workers/$nodeId");

export function WorkerPage() {
  const { nodeId } = page.useParams();
  const { isStaff, mayStaff } = useMe();
  const asked = useApi(nodeRoutes.getNode, { params: { nodeId } }, { inTenant: providerTenantId, enabled: isStaff });
  const node = asked.data;
  const name = node === undefined ? "Worker" : visible(node.name);
  const stands = node === undefined ? undefined : standing(node);
  if (!isStaff) {
    return (
      <Page title="Worker">
        <Empty title="Workers are the provider’s machines">
          Its staff sees what is behind them; you see how long your requests wait, under Workers &amp; queues.
        </Empty>
      </Page>
    );
  }
  return (
    <Page
      title={name}
      wide
      lead={
        node === undefined ? undefined : (
          <span className={styles["buttons"]}>
            <Status of={termOf(healthTerms, node.health)} />
            {stands === undefined ? null : <Badge tone={stands.tone}>{stands.text}</Badge>}
            <span>
              seen <Moment at={node.lastSeenAt} />
            </span>
          </span>
        )
      }
      actions={node !== undefined && mayStaff("admin") ? <WorkerMenu node={node} /> : undefined}
    >
      <Loaded query={asked} rows={8}>
        {(found) => (
          <div className={styles["stack"]}>
            {found.confirmed ||
            found.keyFingerprint === undefined ||
            found.revokedAt !== undefined ||
            !mayStaff("admin") ? null : (
              <Panel title="Confirm this worker" note="Until a person has compared its key it gets no work.">
                <Fingerprint nodeId={found.id} name={found.name} fingerprint={found.keyFingerprint} />
              </Panel>
            )}
            <div className={styles["two"]}>
              <Running node={found} />
              <Panel title="The machine">
                <Machine node={found} />
              </Panel>
            </div>
            <WorkerHistory nodeId={found.id} />
            <div className={styles["two"]}>
              <Score nodeId={found.id} />
              <WorkOfWorker nodeId={found.id} />
            </div>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Running({ node }: { node: NodeView }) {
  const { capacity, models = [], pulling, gpus = [], metrics } = node;
  const slots =
    capacity === undefined ? undefined : slotsOf({ ...capacity, draining: node.draining, health: node.health });
  return (
    <Panel
      title="Now"
      note={slots === undefined ? undefined : slotsWords(slots)}
      actions={slots === undefined ? undefined : <Slots {...slots} />}
    >
      <div className={styles["gpus"]}>
        <Facts
          items={[
            [
              "Models",
              models.length === 0
                ? "none yet"
                : models.map((model) => (
                    <div key={model}>
                      <Said mono>{model}</Said>
                    </div>
                  )),
            ],
            pulling !== undefined && [
              "Fetches",
              <Badge key="pulling" tone={pulling.problem === undefined ? "busy" : "bad"}>
                {pullingText(pulling)}
              </Badge>,
            ],
          ]}
        />
        {gpus.map(({ name, vramMb, freeMb, usedPercent }, at) => (
          <div key={`${name} ${at}`} className={styles["gpus"]}>
            <h3>
              <Said>{name}</Said>
            </h3>
            {vramMb === 0 ? (
              <span className={styles["soft"]}>memory unknown</span>
            ) : (
              <Meter
                label="Memory"
                value={vramMb - freeMb}
                max={vramMb}
                text={`${gib(vramMb - freeMb)} of ${gib(vramMb)} GiB`}
              />
            )}
            {usedPercent === undefined ? null : (
              <Meter label="Busy" value={usedPercent} max={100} text={`${Math.round(usedPercent)} %`} />
            )}
          </div>
        ))}
        {metrics === undefined ? null : (
          <>
            <Meter label="CPU" value={metrics.cpuPercent} max={100} text={`${Math.round(metrics.cpuPercent)} %`} />
            <Meter
              label="Memory"
              value={metrics.memoryPercent}
              max={100}
              text={`${Math.round(metrics.memoryPercent)} %`}
            />
            <Meter label="Disk" value={metrics.diskPercent} max={100} text={`${Math.round(metrics.diskPercent)} %`} />
          </>
        )}
      </div>
    </Panel>
  );
}

function gib(mb: number): string {
  return (mb / 1024).toFixed(1);
}

function Machine({ node }: { node: NodeView }) {
  const { metrics } = node;
  return (
    <Facts
      items={[
        ["Id", <Copy key="id" text={node.id} />],
        ["Host", <Said key="host">{node.hostname ?? "has not enrolled yet"}</Said>],
        ["Tags", node.tags.length === 0 ? "none" : <Said key="tags">{node.tags.join("  ")}</Said>],
        ["Build", <Said key="build">{node.agentVersion ?? "–"}</Said>],
        node.healthSince !== undefined && [
          `${termOf(healthTerms, node.health).text} since`,
          <Moment key="since" at={node.healthSince} />,
        ],
        metrics !== undefined && ["Up for", spanText(metrics.uptimeSeconds)],
        metrics !== undefined && ["Load", metrics.loadAverage1m.toFixed(2)],
        node.certificateExpiresAt !== undefined && [
          "Certificate ends",
          <Moment key="ends" at={node.certificateExpiresAt} />,
        ],
        node.keyFingerprint !== undefined && [
          "Key",
          <code key="key" className={styles["fingerprint"]}>
            {inGroups(node.keyFingerprint)}
          </code>,
        ],
        node.quarantinedAt !== undefined && ["In quarantine", <Moment key="quarantine" at={node.quarantinedAt} />],
        node.revokedAt !== undefined && ["Shut out", <Moment key="revoked" at={node.revokedAt} />],
        node.revokedReason !== undefined && ["Because", <Said key="why">{node.revokedReason}</Said>],
      ]}
    />
  );
}

/** Where it stands among the others when a job is given out. */
function Score({ nodeId }: { nodeId: string }) {
  const asked = useApi(
    queueRoutes.recommendWorkers,
    { query: { count: 50 } },
    { inTenant: providerTenantId, every: "background" },
  );
  return (
    <Panel title="Would it get the next job" note="CPU counts 40 of 100, memory 30, free slots 20, health 10.">
      <Loaded query={asked} rows={3}>
        {({ items, unfit }) => {
          const place = items.findIndex(({ id }) => id === nodeId);
          const worker = items[place];
          const why = unfit.find(({ id }) => id === nodeId)?.why;
          if (worker === undefined)
            return (
              <p>
                No: <Said>{why ?? "it is not among those that are alive"}</Said>.
              </p>
            );
          return (
            <div className={styles["gpus"]}>
              <p>
                {place === 0 ? "Yes: it is the best" : `It is number ${place + 1}`} of {items.length}, with{" "}
                {worker.score.toFixed(1)} of 100.
              </p>
              {worker.parts.map(({ name, points, weight }) => (
                <Meter
                  key={name}
                  label={partTitles[name] ?? visible(name)}
                  value={points}
                  max={weight}
                  text={`${points.toFixed(1)} of ${weight}`}
                />
              ))}
            </div>
          );
        }}
      </Loaded>
    </Panel>
  );
}
const partTitles = { cpu: "CPU", memory: "Memory", activeJobs: "Free slots", health: "Health" } as const;
