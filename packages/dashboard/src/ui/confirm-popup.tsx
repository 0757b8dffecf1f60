import { AlertDialog } from "@base-ui/react/alert-dialog";
import { useState } from "react";
import { visible } from "../text.ts";
import { Button } from "./button.tsx";
import type { Question } from "./confirm.tsx";
import { TextField } from "./fields.tsx";
import styles from "./overlay.module.css";

export interface ConfirmPopupProps {
  question: Question;
  open: boolean;
  onAnswer: (yes: boolean) => void;
}

export function ConfirmPopup({ question, open, onAnswer }: ConfirmPopupProps) {
  const [typed, setTyped] = useState("");
  // Nobody types what cannot be seen: a name with hidden characters is typed as it is shown.
  const { retype } = question;
  const matches = retype === undefined || typed.trim() === retype.trim() || typed.trim() === visible(retype).trim();
  return (
    <AlertDialog.Root open={open} onOpenChange={(next) => next || onAnswer(false)}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles["backdrop"]} />
        <AlertDialog.Popup className={styles["popup"]}>
          <header className={styles["head"]}>
            <AlertDialog.Title>{visible(question.title)}</AlertDialog.Title>
          </header>
          <form
            className={styles["body"]}
            id="confirm"
            onSubmit={(event) => {
              event.preventDefault();
              if (matches) onAnswer(true);
            }}
          >
            <AlertDialog.Description render={<div />}>
              {typeof question.text === "string" ? visible(question.text) : question.text}
            </AlertDialog.Description>
            {question.retype !== undefined && (
              <TextField
                label={`Type ${visible(question.retype)} to go on`}
                value={typed}
                onChange={setTyped}
                autoFocus
              />
            )}
          </form>
          <footer className={styles["foot"]}>
            <Button onClick={() => onAnswer(false)}>Cancel</Button>
            <Button
              type="submit"
              form="confirm"
              tone={question.danger === true ? "danger" : "primary"}
              disabled={!matches}
            >
              {question.verb}
            </Button>
          </footer>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
