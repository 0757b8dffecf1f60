import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi, useChange } from "../../../api/use-api.ts";
import { visible } from "../../../text.ts";
import { Button } from "../../../ui/button.tsx";
import { Copy } from "../../../ui/copy.tsx";
import { Progress } from "../../../ui/meter.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { FieldProblems } from "../../../ui/problem.tsx";
import { FingerprintCheck } from "../fingerprint-check.tsx";
import type { Invitation } from "./enroll-dialog.tsx";
import styles from "./list.module.css";

/** The token, what to do with it, and the machine as soon as it is there. */
export function FollowEnrolment({ invitation: { nodeId, name, token, expiresAt } }: { invitation: Invitation }) {
  const url = location.origin;
  // By searching for it: a machine that is not there yet is no mistake.
  const found = useApi(nodeRoutes.listNodes, { query: { kind: "appliance", q: nodeId } });
  const node = found.data?.items.find(({ id }) => id === nodeId);
  const [isOther, setOther] = useState(false);
  const confirm = useChange(nodeRoutes.confirmNode, { quiet: true, says: `${name} is confirmed.` });
  const { keyFingerprint } = node ?? {};
  return (
    <ol className={styles["steps"]}>
      <li>
        <div>
          <p>
            Take the token. It is shown only now, works once, and ends <Moment at={expiresAt} />.
          </p>
          <div className={styles["token"]}>
            <Copy text={token} label="Copy the token" />
          </div>
        </div>
      </li>
      <li>
        <div>
          <p>
            On the machine, as root, in the folder of the agent’s build. Paste the token there, and end it with Ctrl-D.
          </p>
          <Copy text={`sudo ./install.sh --url ${url} --token -`} label="Copy the command" />
          <p className={styles["soft"]}>
            It needs Debian or Ubuntu with <code>ansible-core</code>, and calls out by HTTPS only.
          </p>
        </div>
      </li>
      <li>
        <div>
          {node === undefined || keyFingerprint === undefined ? (
            <>
              <p role="status">Waiting for {visible(name)} to enrol…</p>
              <Progress label={`Waiting for ${visible(name)}`} />
              <p className={styles["soft"]}>
                You may close this: it will be under <Link to="/confirm">Nodes to confirm</Link>.
              </p>
            </>
          ) : node.confirmed ? (
            <p role="status">
              Confirmed.{" "}
              <Link to="/appliances/$nodeId" params={{ nodeId }}>
                Open {visible(name)}
              </Link>
            </p>
          ) : (
            <>
              <p role="status">
                It has enrolled. Is this the key that its screen shows? Nothing runs there before you say so.
              </p>
              <FingerprintCheck fingerprint={keyFingerprint} onCompared={setOther} />
              <div>
                <Button
                  tone="primary"
                  icon="check"
                  busy={confirm.isRunning}
                  disabled={isOther}
                  onClick={() => void confirm.run({ params: { nodeId }, body: { keyFingerprint } })}
                >
                  It is the same: confirm
                </Button>
              </div>
              <FieldProblems error={confirm.error} />
            </>
          )}
        </div>
      </li>
    </ol>
  );
}
