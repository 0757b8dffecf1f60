import type { NodeView } from "@steward/contracts/node";
import { certificateRoutes } from "@steward/contracts/routes/certificates";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApiPages } from "../../../api/use-api.ts";
import { Badge, Status } from "../../../ui/badge.tsx";
import { Button } from "../../../ui/button.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { Loaded } from "../../../ui/loaded.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Said } from "../../../ui/said.tsx";
import { certificateTerm } from "../../certificates/certificate-terms.ts";
import { Fingerprint } from "../fingerprint-check.tsx";
import { RevokeDialog } from "../revoke-dialog.tsx";
import styles from "./one.module.css";

/** By what it is known, and how it is shut out. */
export function SecurityPanels({ node, isAdmin }: { node: NodeView; isAdmin: boolean }) {
  const [revoking, setRevoking] = useState(false);
  return (
    <div className={styles["column"]}>
      <Panel
        title="Key"
        actions={
          isAdmin &&
          node.revokedAt === undefined && (
            <Button tone="danger" icon="stop" onClick={() => setRevoking(true)}>
              Shut it out
            </Button>
          )
        }
      >
        <div className={styles["stack"]}>
          <Facts
            items={[
              [
                "Confirmed",
                node.confirmed ? (
                  <Badge key="yes" tone="good">
                    compared with its screen
                  </Badge>
                ) : (
                  <Badge key="no" tone="wait">
                    not yet
                  </Badge>
                ),
              ],
              [
                "Newest certificate",
                node.certificateExpiresAt === undefined ? (
                  "none yet"
                ) : (
                  <>
                    ends <Moment at={node.certificateExpiresAt} />; it renews it by itself ten days before
                  </>
                ),
              ],
              [
                "Shut out",
                node.revokedAt === undefined ? undefined : (
                  <>
                    <Moment at={node.revokedAt} />: <Said>{node.revokedReason}</Said>
                  </>
                ),
              ],
              [
                "In quarantine",
                node.quarantinedAt === undefined ? undefined : (
                  <>
                    since <Moment at={node.quarantinedAt} />
                  </>
                ),
              ],
            ]}
          />
          {node.keyFingerprint !== undefined && (
            <div className={styles["stack"]}>
              <p className={styles["soft"]}>Fingerprint of the key that it enrolled with (SHA-256)</p>
              <Fingerprint of={node.keyFingerprint} />
            </div>
          )}
        </div>
      </Panel>
      {isAdmin && <Certificates nodeId={node.id} />}
      {revoking && <RevokeDialog node={node} onClose={() => setRevoking(false)} />}
    </div>
  );
}

function Certificates({ nodeId }: { nodeId: string }) {
  const certificates = useApiPages(
    certificateRoutes.listCertificates,
    { query: { holder: nodeId, limit: 20 } },
    { every: "background" },
  );
  return (
    <Panel
      title="Certificates"
      note="The newest first. Two count at once until the new one has been used."
      flush
      actions={
        certificates.hasMore && (
          <Button onClick={certificates.loadMore} busy={certificates.isFetching}>
            Show more
          </Button>
        )
      }
    >
      <Loaded query={certificates} rows={3}>
        {(items) => (
          <ul className={styles["list"]}>
            {items.length === 0 && <li className={styles["soft"]}>It has none yet.</li>}
            {items.map((one) => (
              <li key={one.id}>
                <Status of={certificateTerm(one.status)} />
                <Link to="/certificates" search={{ certificate: one.id }}>
                  <Said mono>{one.id}</Said>
                </Link>
                {one.reason !== undefined && <Said>{one.reason}</Said>}
                <span className={styles["end"]}>
                  issued <Moment at={one.issuedAt} />, {one.status === "expired" ? "ended" : "ends"}{" "}
                  <Moment at={one.expiresAt} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}
