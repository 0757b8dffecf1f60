import { nodeRoutes } from "@steward/contracts/routes/nodes";
import type { NodeView } from "@steward/contracts/node";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { healthTerms, termOf, visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { AlertsPanel } from "./one/alerts-panel.tsx";
import { AboutPanel } from "./one/about-panel.tsx";
import { ConfigPanel } from "./one/config-panel.tsx";
import { FactsPanels } from "./one/facts-panels.tsx";
import { HealthPanel } from "./one/health-panel.tsx";
import { HistoryPanel } from "./one/history-panel.tsx";
import { NodeActions } from "./one/node-actions.tsx";
import { Notices } from "./one/notices.tsx";
import styles from "./one/one.module.css";
import { RunsPanel } from "./one/runs-panel.tsx";
import { SecurityPanels } from "./one/security-panels.tsx";
import { ThresholdsPanel } from "./one/thresholds-panel.tsx";
import type { ApplianceTab } from "./search.ts";

const route = getRouteApi("/appliances/$nodeId");

const titles: Record<ApplianceTab, string> = {
  overview: "Overview",
  runs: "Runs",
  configuration: "Configuration",
  facts: "Facts",
  security: "Security",
};

export function AppliancePage() {
  const { tenantId } = useMe();
  if (tenantId !== undefined) return <OfTenant />;
  return (
    <Page title="Appliance">
      <ForTenant>{null}</ForTenant>
    </Page>
  );
}

function OfTenant() {
  const { nodeId } = route.useParams();
  const query = useApi(nodeRoutes.getNode, { params: { nodeId } });
  const node = query.data;
  return (
    <Page
      title={node === undefined ? "Appliance" : visible(node.name)}
      heading={
        node === undefined ? undefined : (
          <span className={styles["title"]}>
            <Said>{node.name}</Said> <Status of={termOf(healthTerms, node.health)} />
          </span>
        )
      }
      lead={<Link to="/appliances">All appliances</Link>}
      actions={node !== undefined && node.kind === "appliance" && <NodeActions node={node} />}
    >
      <Loaded query={query} rows={10}>
        {(data) => (data.kind === "worker" ? <IsWorker node={data} /> : <One node={data} />)}
      </Loaded>
    </Page>
  );
}

function One({ node }: { node: NodeView }) {
  const { tab = "overview" } = route.useSearch();
  const navigate = route.useNavigate();
  const { may } = useMe();
  const tabs = (Object.keys(titles) as ApplianceTab[]).map((id) => ({ id, label: titles[id] }));
  return (
    <>
      <Notices node={node} />
      <Tabs
        label={`About ${visible(node.name)}`}
        value={tab}
        onChange={(next) =>
          void navigate({
            search: ({ tab: _was, ...rest }) => (next === "overview" ? rest : { ...rest, tab: next }),
            replace: true,
          })
        }
        tabs={tabs}
      >
        {tab === "overview" && (
          <div className={styles["overview"]}>
            <div className={styles["column"]}>
              <HealthPanel node={node} />
              <HistoryPanel nodeId={node.id} />
              <RunsPanel nodeId={node.id} brief />
            </div>
            <div className={styles["column"]}>
              <AboutPanel node={node} />
              <AlertsPanel nodeId={node.id} />
            </div>
          </div>
        )}
        {tab === "runs" && <RunsPanel nodeId={node.id} />}
        {tab === "configuration" && (
          <div className={styles["column"]}>
            <ConfigPanel node={node} />
            <ThresholdsPanel nodeId={node.id} />
          </div>
        )}
        {tab === "facts" && <FactsPanels node={node} />}
        {tab === "security" && <SecurityPanels node={node} isAdmin={may("admin")} />}
      </Tabs>
    </>
  );
}

function IsWorker({ node }: { node: NodeView }) {
  return (
    <p>
      <Said>{node.name}</Said> runs models.{" "}
      <Link to="/workers/$nodeId" params={{ nodeId: node.id }}>
        Look at it as a worker
      </Link>
    </p>
  );
}
