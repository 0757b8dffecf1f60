import type { AppError } from "@steward/contracts/errors";
import { tenantSecretNameSchema } from "@steward/contracts/run-secret";
import { maxSecretCharacters } from "@steward/contracts/secret";
import { useState } from "react";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import styles from "./secrets.module.css";

/** A value on its way in. It lives in this form alone, is never in an address, and is gone when the form is. */
export function SetSecretDialog({
  title,
  name: given,
  least,
  text,
  isRunning,
  error,
  onClose,
  onSave,
}: {
  title: string;
  /** Absent: it has to be named first. */
  name: string | undefined;
  /** How many characters it has at least. */
  least: number;
  text: string;
  isRunning: boolean;
  error: AppError | null;
  onClose: () => void;
  onSave: (name: string, value: string) => void;
}) {
  const [name, setName] = useState(given ?? "");
  const [value, setValue] = useState("");
  const [tried, setTried] = useState(false);
  const named = tenantSecretNameSchema.safeParse(name);
  const nameProblem =
    given !== undefined || named.success ? undefined : (named.error.issues[0]?.message ?? "is no name");
  const valueProblem =
    value.length < least
      ? `has at least ${least} characters`
      : value.length > maxSecretCharacters
        ? `has at most ${maxSecretCharacters} characters`
        : undefined;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={title}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" form="set-secret" busy={isRunning}>
            Store it
          </Button>
        </>
      }
    >
      <form
        id="set-secret"
        noValidate
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (nameProblem === undefined && valueProblem === undefined) onSave(name, value);
        }}
      >
        <p>{text}</p>
        {given === undefined && (
          <TextField
            label="Name"
            value={name}
            onChange={setName}
            mono
            placeholder="wifi-key"
            maxLength={40}
            error={tried ? nameProblem : undefined}
          />
        )}
        <TextField
          label="Value"
          type="password"
          autoComplete="new-password"
          value={value}
          onChange={setValue}
          error={tried ? valueProblem : undefined}
          hint="It goes in and never comes out. Blanks at its ends belong to it."
        />
        <FieldProblems error={error} />
      </form>
    </Dialog>
  );
}
