import type { BulkResult } from "@steward/contracts/fleet";
import type { NodeView } from "@steward/contracts/node";
import { plural } from "../../../text.ts";
import { Button } from "../../../ui/button.tsx";
import { Dialog } from "../../../ui/dialog.tsx";
import { Said } from "../../../ui/said.tsx";
import styles from "./list.module.css";

interface OutcomesDialogProps {
  result: BulkResult;
  nodes: readonly NodeView[];
  onClose: () => void;
}

/** Of a change of many, what did not work, and why. */
export function OutcomesDialog({ result, nodes, onClose }: OutcomesDialogProps) {
  const failed = result.items.filter(({ outcome }) => outcome === "failed");
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={`${plural(failed.length, "appliance")} not changed`}
      actions={<Button onClick={onClose}>Close</Button>}
    >
      <p>
        {plural(result.changed, "appliance")} changed, {result.items.length - result.changed - failed.length} were so
        already. These failed:
      </p>
      <ul className={styles["outcomes"]}>
        {failed.slice(0, 200).map(({ id, problem }) => (
          <li key={id}>
            <strong>
              <Said>{names.get(id) ?? id}</Said>
            </strong>
            : <Said>{problem ?? "no reason was given"}</Said>
          </li>
        ))}
      </ul>
      {failed.length > 200 && <p>… and {failed.length - 200} more.</p>}
    </Dialog>
  );
}
