import { providerTenantId } from "@steward/contracts/ids";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { useChange } from "../../api/use-api.ts";
import { Button } from "../../ui/button.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { inGroups } from "./work-text.ts";
import styles from "./workers.module.css";

/** A person compares the key that came with the one on the machine's screen. Until then it gets no work. */
export function Fingerprint({ nodeId, name, fingerprint }: { nodeId: string; name: string; fingerprint: string }) {
  const confirm = useChange(nodeRoutes.confirmNode, {
    quiet: true,
    inTenant: providerTenantId,
    says: `${name} is confirmed.`,
  });
  return (
    <div className={styles["step"]}>
      <p>It enrolled with this key. Does its own screen show the same?</p>
      <code className={styles["fingerprint"]}>{inGroups(fingerprint)}</code>
      <FieldProblems error={confirm.error} />
      <div className={styles["buttons"]}>
        <Button
          tone="primary"
          busy={confirm.isRunning}
          onClick={() => void confirm.run({ params: { nodeId }, body: { keyFingerprint: fingerprint } })}
        >
          It is the same: confirm
        </Button>
      </div>
      <p className={styles["soft"]}>
        If it is another one, do not confirm: another machine may have used the token. Remove the worker.
      </p>
    </div>
  );
}
