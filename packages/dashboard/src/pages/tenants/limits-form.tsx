import { tenantLimits } from "@steward/contracts/defaults";
import { tenantRoutes } from "@steward/contracts/routes/tenants";
import { limitRoutes } from "@steward/contracts/routes/limits";
import type { TenantDetails } from "@steward/contracts/tenant";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, NumberField } from "../../ui/fields.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { amountText, quotaWords } from "../settings/amounts.ts";
import { draftOf, isSameDraft, limitNames, limitProblem, limitsBody, limitUnits, shownLimit } from "./limits.ts";
import styles from "./tenants.module.css";

/** What a tenant may use; each limit is its own, or the installation's default. */
export function LimitsForm({ tenant }: { tenant: TenantDetails }) {
  const before = draftOf(tenant);
  const [draft, setDraft] = useState(before);
  const save = useChange(tenantRoutes.setTenantLimits, {
    refreshes: [tenantRoutes.getTenant, limitRoutes.getLimits],
    says: "The limits are in force.",
    quiet: true,
  });
  const isFine = limitNames.every((name) => limitProblem(name, draft[name]) === undefined);
  const isSame = isSameDraft(draft, before);
  return (
    <Panel title="Limits" note="What it may use at most.">
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (isFine && !isSame) void save.run({ params: { tenantId: tenant.id }, body: limitsBody(draft) });
        }}
      >
        {limitNames.map((name) => {
          const value = draft[name];
          const unit = limitUnits[name];
          const label = quotaWords[name];
          return (
            <fieldset key={name} className={styles["limit"]}>
              <legend>
                {label}
                {unit === undefined ? "" : ` (${unit})`}
              </legend>
              <div className={styles["limitFields"]}>
                <CheckField
                  label={`Default: ${amountText(name, tenantLimits[name])}`}
                  checked={value === undefined}
                  onChange={(isDefault) =>
                    setDraft({ ...draft, [name]: isDefault ? undefined : shownLimit(name, tenant.limits[name]) })
                  }
                />
                {value === undefined ? null : (
                  <NumberField
                    label={label}
                    quietLabel
                    value={Number.isNaN(value) ? undefined : value}
                    // An empty field is a limit that is not there yet, and no default.
                    onChange={(next) => setDraft({ ...draft, [name]: next ?? Number.NaN })}
                    min={0}
                    error={limitProblem(name, value)}
                  />
                )}
              </div>
            </fieldset>
          );
        })}
        <FieldProblems error={save.error} />
        <div className={styles["buttons"]}>
          <Button type="submit" tone="primary" busy={save.isRunning} disabled={isSame || !isFine}>
            Save limits
          </Button>
          {isSame ? null : <Button onClick={() => setDraft(before)}>As they were</Button>}
        </div>
      </form>
    </Panel>
  );
}
