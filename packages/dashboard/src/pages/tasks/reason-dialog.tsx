import { type ReactNode, useState } from "react";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextAreaField } from "../../ui/fields.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import type { AppError } from "@steward/contracts/errors";

export interface ReasonDialogProps {
  open: boolean;
  title: string;
  /** What will happen. */
  text: ReactNode;
  /** On the button. */
  verb: string;
  danger?: boolean;
  label?: string;
  /** It does not go without one. */
  required?: boolean;
  maxLength?: number;
  busy: boolean;
  error: AppError | null;
  /** Undefined: nothing was said. */
  onSay: (reason: string | undefined) => void;
  onClose: () => void;
}

/** Asks for a word on why, before something that others will want to understand. */
export function ReasonDialog(props: ReasonDialogProps) {
  const {
    open,
    title,
    text,
    verb,
    danger = false,
    label = "Why",
    required = false,
    busy,
    error,
    onSay,
    onClose,
  } = props;
  const [reason, setReason] = useState("");
  const [wasOpen, setWasOpen] = useState(open);
  // Asked again, it begins anew; while it is refused, what was typed stays.
  if (open !== wasOpen) {
    setWasOpen(open);
    if (open) setReason("");
  }
  const said = reason.trim();
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => next || onClose()}
      title={title}
      actions={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button
            tone={danger ? "danger" : "primary"}
            busy={busy}
            disabled={required && said.length < 3}
            onClick={() => onSay(said === "" ? undefined : said.slice(0, props.maxLength ?? 500))}
          >
            {verb}
          </Button>
        </>
      }
    >
      <div>{text}</div>
      <TextAreaField
        label={label}
        required={required}
        value={reason}
        onChange={setReason}
        rows={3}
        hint="Kept in the trail, and shown with the task."
        autoFocus
      />
      <FieldProblems error={error} />
    </Dialog>
  );
}
