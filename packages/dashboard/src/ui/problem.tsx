import { AppError } from "@steward/contracts/errors";
import { useState } from "react";
import { useMe } from "../me/use-me.ts";
import { problemWords } from "../problem-words.ts";
import { visible } from "../text.ts";
import { Button } from "./button.tsx";
import { classes } from "./classes.ts";
import { SelectField } from "./fields.tsx";
import { Icon } from "./icon.tsx";
import styles from "./problem.module.css";

/** What went wrong, in the API's words, and the next step. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const { title, detail, next, waits, requestId } = problemWords(error);
  if (error instanceof AppError && error.code === "tenant_required") return <WhichTenant />;
  return (
    <div className={classes(styles["problem"], waits && styles["waits"])} role={waits ? "status" : "alert"}>
      <Icon name={waits ? "info" : "warn"} />
      <div className={styles["words"]}>
        <p className={styles["title"]}>{title}</p>
        {detail !== undefined && <p>{visible(detail)}</p>}
        {next !== undefined && <p className={styles["next"]}>{visible(next)}</p>}
        {requestId !== undefined && (
          <p className={styles["next"]}>
            Request <code>{requestId}</code>
          </p>
        )}
      </div>
      {onRetry !== undefined && (
        <Button icon="retry" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** The provider's staff looks at all tenants; what is asked here is of one. */
export function WhichTenant() {
  const { tenants, chooseTenant } = useMe();
  const [value, setValue] = useState("");
  return (
    <div className={classes(styles["problem"], styles["waits"])}>
      <Icon name="tenants" />
      <div className={styles["words"]}>
        <p className={styles["title"]}>This is about one tenant</p>
        <p className={styles["next"]}>Choose whose it is; the address then says so, and can be passed on.</p>
        <SelectField
          label="Tenant"
          value={value}
          onChange={(id) => {
            setValue(id);
            if (id !== "") chooseTenant(id);
          }}
          options={[
            { value: "", label: "Choose a tenant" },
            ...tenants.map(({ id, name }) => ({ value: id, label: visible(name) })),
          ]}
        />
      </div>
    </div>
  );
}

/** The single fields that a refusal names. */
export function FieldProblems({ error }: { error: AppError | null | undefined }) {
  if (error === null || error === undefined) return null;
  const fields = error.fields ?? [];
  return (
    <div className={styles["problem"]} role="alert">
      <Icon name="warn" />
      <div className={styles["words"]}>
        <p className={styles["title"]}>{visible(error.message)}</p>
        {fields.length > 0 && (
          <ul>
            {fields.map(({ path, message }) => (
              <li key={path + message}>
                <code>{visible(path)}</code> {visible(message)}
              </li>
            ))}
          </ul>
        )}
        {error.next !== undefined && <p className={styles["next"]}>{visible(error.next)}</p>}
      </div>
    </div>
  );
}
