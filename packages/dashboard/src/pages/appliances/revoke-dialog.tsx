import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { useId, useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { visible } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import styles from "./list/list.module.css";

interface RevokeDialogProps {
  node: { id: string; name: string };
  reason?: string;
  onClose: () => void;
}

/** Shuts a machine out: with a reason for the trail, and its name retyped. */
export function RevokeDialog({ node, reason: given = "", onClose }: RevokeDialogProps) {
  const formId = useId();
  const name = visible(node.name);
  const [reason, setReason] = useState(given);
  const [typed, setTyped] = useState("");
  const revoke = useChange(nodeRoutes.revokeNode, { quiet: true, says: `${name} is out.`, onDone: onClose });
  const isReady = reason.trim().length > 0 && typed.trim() === node.name;
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={`Shut ${name} out?`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} tone="danger" busy={revoke.isRunning} disabled={!isReady}>
            Shut it out
          </Button>
        </>
      }
    >
      <form
        id={formId}
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) void revoke.run({ params: { nodeId: node.id }, body: { reason: reason.trim() } });
        }}
      >
        <p>
          None of its certificates counts any more, from now on. What waits for it is cancelled within a minute, and
          nothing that it still uploads is shown. A run that has begun cannot be stopped from here. It stays on the
          list; to take it back, remove it and enrol it with a new token.
        </p>
        <p>What it knew stays known: rotate the passwords that it had.</p>
        <TextField
          label="Reason, for the audit trail"
          value={reason}
          onChange={setReason}
          required
          autoFocus
          maxLength={200}
          placeholder="stolen from the Berlin office"
        />
        <TextField label={`Type ${name} to go on`} value={typed} onChange={setTyped} required mono />
        <FieldProblems error={revoke.error} />
      </form>
    </Dialog>
  );
}
