import type { ApplianceConfig, ConfigView } from "@steward/contracts/appliance-config";
import type { NodeView } from "@steward/contracts/node";
import { configurationRoutes } from "@steward/contracts/routes/configuration";
import { useState } from "react";
import { useApi } from "../../../api/use-api.ts";
import { useMe } from "../../../me/use-me.ts";
import { Badge } from "../../../ui/badge.tsx";
import { Loaded } from "../../../ui/loaded.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Said } from "../../../ui/said.tsx";
import { Changes } from "./changes.tsx";
import { ConfigForm } from "./config-form.tsx";
import { ConfigRevisions } from "./config-revisions.tsx";
import styles from "./one.module.css";

/** How its agent behaves between its runs: what is in force, what it keeps to, and what it was. */
export function ConfigPanel({ node }: { node: NodeView }) {
  const { may } = useMe();
  const config = useApi(configurationRoutes.getConfig, { params: { nodeId: node.id } });
  /** An earlier one that somebody wants back: it is a draft until it is saved. */
  const [wanted, setWanted] = useState<{ config: ApplianceConfig; of: number }>();
  return (
    <>
      <Panel
        title="Configuration"
        note={config.data === undefined ? undefined : <Standing view={config.data} />}
        actions={config.data !== undefined && <Sync view={config.data} />}
      >
        <Loaded query={config} rows={8}>
          {(view) =>
            may("operator") ? (
              <ConfigForm
                key={wanted?.of ?? "own"}
                node={node}
                view={view}
                {...(wanted === undefined ? {} : { wanted })}
                onDone={() => setWanted(undefined)}
              />
            ) : (
              <ReadOnly view={view} />
            )
          }
        </Loaded>
      </Panel>
      {config.data !== undefined && (
        <ConfigRevisions
          view={config.data}
          {...(may("operator")
            ? { onWanted: (revision, earlier) => setWanted({ config: earlier, of: revision }) }
            : {})}
        />
      )}
    </>
  );
}

function Standing({ view: { revision, changedAt, changedBy } }: { view: ConfigView }) {
  if (revision === 0) return <>Nobody has set one: it keeps to your organisation’s and Steward’s own.</>;
  return (
    <>
      Revision {revision}, by <Said>{changedBy?.name}</Said> <Moment at={changedAt} />
    </>
  );
}

function Sync({ view: { sync, reported } }: { view: ConfigView }) {
  if (sync === "in_sync") return <Badge tone="good">the appliance keeps to it</Badge>;
  if (sync === "pending") return <Badge tone="wait">it keeps to revision {reported ?? 0} still</Badge>;
  return <Badge tone="still">it has not said what it keeps to</Badge>;
}

function ReadOnly({ view: { config } }: { view: ConfigView }) {
  return Object.keys(config).length === 0 ? (
    <p className={styles["soft"]}>Nothing is set for this appliance alone.</p>
  ) : (
    <Changes before={{}} after={config} />
  );
}
