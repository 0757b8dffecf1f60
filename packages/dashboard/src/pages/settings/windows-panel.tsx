import { windowRoutes } from "@steward/contracts/routes/windows";
import { useApi } from "../../api/use-api.ts";
import { Badge } from "../../ui/badge.tsx";
import { LinkButton } from "../../ui/button.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { spansText } from "./policy.ts";
import styles from "./settings.module.css";

/** When appliances may be changed; they are drawn and changed on a page of their own. */
export function WindowsPanel() {
  const windows = useApi(windowRoutes.listWindows, {}, { every: "background" });
  return (
    <Panel
      title="Windows"
      actions={
        <LinkButton to="/freezes" icon="freezes">
          Freezes & windows
        </LinkButton>
      }
    >
      <Loaded
        query={windows}
        rows={2}
        empty={({ items }) => items.length === 0}
        emptyState={<p className={styles["soft"]}>There are none: appliances may be changed at any time.</p>}
      >
        {({ items }) => (
          <ul className={styles["lines"]}>
            {items.map(({ id, kind, name, when, open, changesAt }) => (
              <li key={id}>
                <Badge tone={open === (kind === "maintenance") ? "good" : "wait"}>
                  {kind === "maintenance" ? "maintenance" : "blackout"}, {open ? "open" : "closed"}
                </Badge>{" "}
                <Said>{name}</Said>: {spansText(when)}
                {changesAt === undefined ? null : (
                  <>
                    ; changes <Moment at={changesAt} />
                  </>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}
