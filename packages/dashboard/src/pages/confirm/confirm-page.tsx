import type { NodeView } from "@steward/contracts/node";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi, useApiPages, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button, LinkButton } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Facts } from "../../ui/facts.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { FingerprintCheck } from "../appliances/fingerprint-check.tsx";
import { RevokeDialog } from "../appliances/revoke-dialog.tsx";
import styles from "./confirm.module.css";
import { Origin } from "./origin.tsx";

/** Machines that have enrolled, and that nobody has said of yet that they are who they claim to be. */
export function ConfirmPage() {
  return (
    <Page
      title="Nodes to confirm"
      lead="A token may have fallen into other hands. Compare the key that a machine enrolled with to what its own screen shows: nothing runs there before."
    >
      <ForTenant>
        <AllWaiting />
        <Quarantined />
      </ForTenant>
    </Page>
  );
}

function AllWaiting() {
  const { may } = useMe();
  const waiting = useApiPages(nodeRoutes.listNodes, { query: { unconfirmed: "true", limit: 20 } });
  return (
    <Loaded
      query={waiting}
      rows={6}
      empty={(items) => items.length === 0}
      emptyState={
        <Panel>
          <Empty
            title="Nobody waits to be confirmed"
            action={
              may("admin") && (
                <LinkButton icon="add" to="/appliances" search={{ enroll: true }}>
                  Add an appliance
                </LinkButton>
              )
            }
          >
            Who enrols with a token appears here within a minute, with the fingerprint of its key.
          </Empty>
        </Panel>
      }
    >
      {(items) => (
        <div className={styles["list"]}>
          {items.map((node) => (
            <Waiting key={node.id} node={node} isAdmin={may("admin")} />
          ))}
          {waiting.hasMore && (
            <Button onClick={waiting.loadMore} busy={waiting.isFetching}>
              Show more
            </Button>
          )}
        </div>
      )}
    </Loaded>
  );
}

function NodeName({ node }: { node: NodeView }) {
  return node.kind === "worker" ? (
    <Link to="/workers/$nodeId" params={{ nodeId: node.id }}>
      <Said>{node.name}</Said>
    </Link>
  ) : (
    <Link to="/appliances/$nodeId" params={{ nodeId: node.id }}>
      <Said>{node.name}</Said>
    </Link>
  );
}

function Waiting({ node, isAdmin }: { node: NodeView; isAdmin: boolean }) {
  const [isOther, setOther] = useState(false);
  const [refusing, setRefusing] = useState(false);
  const confirm = useChange(nodeRoutes.confirmNode, {
    quiet: true,
    says: `${visible(node.name)} is confirmed.`,
    refreshes: [nodeRoutes.listNodes, nodeRoutes.getNode],
  });
  const { keyFingerprint } = node;
  return (
    <Panel
      title={<NodeName node={node} />}
      note={node.kind === "worker" ? "runs models" : "appliance"}
      actions={
        isAdmin && (
          <>
            <Button tone="danger" icon="stop" onClick={() => setRefusing(true)}>
              Refuse
            </Button>
            <Button
              tone="primary"
              icon="check"
              busy={confirm.isRunning}
              disabled={isOther || keyFingerprint === undefined}
              onClick={() =>
                keyFingerprint !== undefined &&
                void confirm.run({ params: { nodeId: node.id }, body: { keyFingerprint } })
              }
            >
              It is the same: confirm
            </Button>
          </>
        )
      }
    >
      <div className={styles["waiting"]}>
        {keyFingerprint === undefined ? (
          <p>It has not enrolled yet.</p>
        ) : (
          <FingerprintCheck fingerprint={keyFingerprint} onCompared={setOther} />
        )}
        <Facts
          items={[
            ["Calls itself", node.hostname === undefined ? undefined : <Said key="host">{node.hostname}</Said>],
            ["Tags", node.tags.length === 0 ? "none" : <Said key="tags">{node.tags.join(" ")}</Said>],
            ["Last heartbeat", <Moment key="seen" at={node.lastSeenAt} />],
            ["Invited", isAdmin ? <Origin key="invited" nodeId={node.id} what="invite-node" /> : undefined],
            ["Enrolled", isAdmin ? <Origin key="enrolled" nodeId={node.id} what="enrol-node" /> : undefined],
          ]}
        />
      </div>
      <FieldProblems error={confirm.error} />
      {refusing && (
        <RevokeDialog node={node} reason="its key is not the one on its screen" onClose={() => setRefusing(false)} />
      )}
    </Panel>
  );
}

/** Their token was used with a second key: which of the two machines is the right one, a person finds out. */
function Quarantined() {
  const { data } = useApi(nodeRoutes.listNodes, { query: { attention: "true", limit: 200 } }, { every: "background" });
  const nodes = (data?.items ?? []).filter(({ quarantinedAt }) => quarantinedAt !== undefined);
  const [revoking, setRevoking] = useState<NodeView>();
  const { may } = useMe();
  if (nodes.length === 0) return null;
  return (
    <Panel
      title="In quarantine"
      note="The token was used with two different keys. Nothing runs there. Find out who has the other machine, shut this one out, remove it, and enrol it anew."
      flush
    >
      <ul className={styles["rows"]}>
        {nodes.map((node) => (
          <li key={node.id}>
            <NodeName node={node} />
            <Badge tone="bad">in quarantine</Badge>
            <span className={styles["soft"]}>
              since <Moment at={node.quarantinedAt} />
            </span>
            {may("admin") && (
              <span className={styles["end"]}>
                <Button tone="danger" onClick={() => setRevoking(node)}>
                  Shut it out
                </Button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {revoking !== undefined && (
        <RevokeDialog
          node={revoking}
          reason="its token was used with another key"
          onClose={() => setRevoking(undefined)}
        />
      )}
    </Panel>
  );
}
