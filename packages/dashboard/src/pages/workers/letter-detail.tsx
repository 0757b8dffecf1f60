import type { DeadLetter } from "@steward/contracts/dead-letters";
import { Link } from "@tanstack/react-router";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Output } from "../../ui/output.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./workers.module.css";

interface Props {
  letter: DeadLetter;
  may: boolean;
  onClose: () => void;
  onRedrive: () => void;
  onDrop: () => void;
}

/** One message, what it points at, why it is here, and what can be done. */
export function LetterDetail({ letter, may, onClose, onRedrive, onDrop }: Props) {
  const { messageId, sentAt, receives, pointer, text, reason, redrive } = letter;
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="Dead letter"
      wide
      actions={
        may ? (
          redrive.possible ? (
            <Button tone="primary" icon="retry" onClick={onRedrive}>
              {redrive.as === "new_job" ? "Redrive as a new job" : "Redrive"}
            </Button>
          ) : (
            <Button tone="danger" icon="remove" onClick={onDrop}>
              Throw away
            </Button>
          )
        ) : undefined
      }
    >
      <div className={styles["steps"]}>
        <Facts
          items={[
            ["Why it is here", <Said key="why">{reason}</Said>],
            !redrive.possible && ["No redrive", <Said key="no">{redrive.why}</Said>],
            pointer !== undefined && [
              "Points at",
              <span key="at">
                {pointer.kind} <Said mono>{pointer.id}</Said>
              </span>,
            ],
            pointer?.taskId !== undefined && [
              "Task",
              <Link
                key="task"
                to="/tasks/$taskId"
                params={{ taskId: pointer.taskId }}
                search={{ tenant: pointer.tenantId } as never}
              >
                {pointer.taskId}
              </Link>,
            ],
            pointer !== undefined && [
              "Tenant",
              <Said key="tenant" mono>
                {pointer.tenantId}
              </Said>,
            ],
            ["Sent", <Moment key="sent" at={sentAt} />],
            ["Received", `${receives} times`],
            ["Message", <Copy key="id" text={messageId} />],
          ]}
        />
        {text === undefined ? null : <Output text={text} name="what it holds" height="16rem" />}
      </div>
    </Dialog>
  );
}
