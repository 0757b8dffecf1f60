import { tenantRoutes } from "@steward/contracts/routes/tenants";
import type { TenantDetails } from "@steward/contracts/tenant";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import styles from "./tenants.module.css";

export function RenameForm({ tenant }: { tenant: TenantDetails }) {
  const [name, setName] = useState<string>();
  const rename = useChange(tenantRoutes.renameTenant, {
    refreshes: [tenantRoutes.getTenant, tenantRoutes.listTenants],
    says: "It has the new name.",
    quiet: true,
  });
  const submit = async () => {
    const body = { name: (name ?? "").trim() };
    if ((await rename.run({ params: { tenantId: tenant.id }, body })) !== undefined) setName(undefined);
  };
  if (name === undefined) {
    return (
      <div>
        <Button icon="edit" onClick={() => setName(tenant.name)}>
          Rename
        </Button>
      </div>
    );
  }
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <TextField label="New name" value={name} onChange={setName} maxLength={100} autoFocus />
      <FieldProblems error={rename.error} />
      <div className={styles["buttons"]}>
        <Button
          type="submit"
          tone="primary"
          busy={rename.isRunning}
          disabled={name.trim() === "" || name.trim() === tenant.name}
        >
          Rename
        </Button>
        <Button
          onClick={() => {
            setName(undefined);
            rename.reset();
          }}
        >
          Cancel
        </Button>
      </div>
    </form>
  );
}
