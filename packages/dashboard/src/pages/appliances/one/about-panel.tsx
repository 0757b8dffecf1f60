import type { NodeView } from "@steward/contracts/node";
import { configurationRoutes } from "@steward/contracts/routes/configuration";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../../api/use-api.ts";
import { visible } from "../../../text.ts";
import { Badge } from "../../../ui/badge.tsx";
import { Copy } from "../../../ui/copy.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Said } from "../../../ui/said.tsx";
import styles from "./one.module.css";

/** Who it is. */
export function AboutPanel({ node }: { node: NodeView }) {
  const config = useApi(configurationRoutes.getConfig, { params: { nodeId: node.id } }, { every: "background" });
  return (
    <Panel title="About">
      <Facts
        items={[
          ["Host name", node.hostname === undefined ? undefined : <Said>{node.hostname}</Said>],
          [
            "Tags",
            node.tags.length === 0 ? (
              "none"
            ) : (
              <span className={styles["chips"]}>
                {node.tags.map((tag) => (
                  <Link key={tag} className={styles["chip"]} to="/appliances" search={{ tag }}>
                    {visible(tag)}
                  </Link>
                ))}
              </span>
            ),
          ],
          ["Agent", node.agentVersion === undefined ? undefined : <Said>{node.agentVersion}</Said>],
          ["Called by", node.doorbell === "pull" ? "its heartbeat (pull)" : "AWS Systems Manager (ssm)"],
          ["Confirmed", node.confirmed ? "yes" : <Badge tone="wait">no</Badge>],
          [
            "Certificate",
            node.certificateExpiresAt === undefined ? undefined : (
              <>
                ends <Moment at={node.certificateExpiresAt} />
              </>
            ),
          ],
          [
            "Configuration",
            config.data === undefined ? undefined : (
              <>
                {config.data.revision === 0 ? "Steward’s own" : `revision ${config.data.revision}`}
                {", "}
                {syncTexts[config.data.sync]}
              </>
            ),
          ],
          ["Id", <Copy key="id" text={node.id} label="Copy the id" />],
        ]}
      />
    </Panel>
  );
}

export const syncTexts = {
  in_sync: "kept to",
  pending: "not taken up yet",
  unknown: "it has not said what it keeps to",
} as const;
