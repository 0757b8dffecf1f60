import { type ApplianceConfig, type ConfigView, noConfig } from "@steward/contracts/appliance-config";
import { changedFields } from "@steward/contracts/changed-fields";
import { configurationRoutes } from "@steward/contracts/routes/configuration";
import { useState } from "react";
import { useApiPages } from "../../../api/use-api.ts";
import { visible } from "../../../text.ts";
import { Badge } from "../../../ui/badge.tsx";
import { Button } from "../../../ui/button.tsx";
import { Loaded } from "../../../ui/loaded.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Said } from "../../../ui/said.tsx";
import { Changes } from "./changes.tsx";
import styles from "./one.module.css";

interface ConfigRevisionsProps {
  view: ConfigView;
  /** Absent: who looks may change nothing. */
  onWanted?: (revision: number, config: ApplianceConfig) => void;
}

/** Who changed what, the newest first; any of them can be had again. */
export function ConfigRevisions({ view: { nodeId, revision, reported }, onWanted }: ConfigRevisionsProps) {
  const revisions = useApiPages(
    configurationRoutes.listConfigRevisions,
    { params: { nodeId }, query: { limit: 20 } },
    { every: "background", enabled: revision > 0 },
  );
  const [open, setOpen] = useState<number>();
  if (revision === 0) return null;
  return (
    <Panel
      title="Earlier configurations"
      flush
      actions={
        revisions.hasMore && (
          <Button onClick={revisions.loadMore} busy={revisions.isFetching}>
            Show more
          </Button>
        )
      }
    >
      <Loaded query={revisions} rows={3}>
        {(items) => (
          <ul className={styles["list"]}>
            {items.map((one, index) => {
              // The one before it may be on the next page; then what it changed is not known yet.
              const before = items[index + 1]?.config ?? (revisions.hasMore ? undefined : noConfig);
              const paths = before === undefined ? [] : changedFields(before, one.config).map(({ path }) => path);
              const isOpen = open === one.revision;
              return (
                <li key={one.revision}>
                  <strong>Revision {one.revision}</strong>
                  {one.revision === revision && <Badge tone="good">in force</Badge>}
                  {one.revision === reported && one.revision !== revision && <Badge tone="wait">kept to still</Badge>}
                  <span className={styles["soft"]}>{visible(paths.join(", ")) || "…"}</span>
                  <span className={styles["end"]}>
                    <Said>{one.changedBy.name}</Said>, <Moment at={one.changedAt} />
                  </span>
                  <span className={styles["buttons"]}>
                    <Button
                      tone="quiet"
                      aria-expanded={isOpen}
                      disabled={before === undefined}
                      onClick={() => setOpen(isOpen ? undefined : one.revision)}
                    >
                      {isOpen ? "Hide" : "What it changed"}
                    </Button>
                    {onWanted !== undefined && one.revision !== revision && (
                      <Button tone="quiet" icon="undo" onClick={() => onWanted(one.revision, one.config)}>
                        Take it back to this
                      </Button>
                    )}
                  </span>
                  {isOpen && before !== undefined && (
                    <div style={{ flexBasis: "100%" }}>
                      <Changes before={before} after={one.config} />
                    </div>
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}
