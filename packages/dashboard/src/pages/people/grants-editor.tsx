import { type Role, type RoleGrant, roles } from "@steward/contracts/roles";
import { roleIn } from "@steward/contracts/roles";
import { useMe } from "../../me/use-me.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { visible } from "../../text.ts";
import { everywhere, givable, roleMeanings } from "./grants.ts";
import styles from "./people.module.css";

/**
 * Roles by tenant. The admin of a tenant sees and gives those of this one; the provider's staff all of them, and `*`.
 * What somebody has and the caller may not give stays as it is, or is taken away.
 */
export function GrantsEditor({
  grants,
  onChange,
  allowed = roles,
  isAnywhere,
  problem,
}: {
  grants: readonly RoleGrant[];
  onChange: (grants: RoleGrant[]) => void;
  allowed?: readonly Role[];
  /** Other tenants than this page's, and everywhere: for the provider's staff. */
  isAnywhere: boolean;
  problem?: string | undefined;
}) {
  const { principal, tenants, tenantId } = useMe();
  const ownRole = (tenant: string) =>
    tenant === everywhere
      ? roleIn(
          principal.grants.filter((grant) => grant.tenant === everywhere),
          everywhere,
        )
      : roleIn(principal.grants, tenant);
  const nameOf = (id: string) =>
    id === everywhere ? "Everywhere (provider’s staff)" : visible(tenants.find((one) => one.id === id)?.name ?? id);
  const taken = new Set(grants.map(({ tenant }) => tenant));
  const candidates = isAnywhere
    ? [...tenants.filter(({ status }) => status !== "purging" && status !== "purged").map(({ id }) => id), everywhere]
    : tenantId === undefined
      ? []
      : [tenantId];
  const free = candidates.filter((id) => !taken.has(id) && givable(allowed, ownRole(id)).length > 0);
  const replace = (at: number, next: RoleGrant) => onChange(grants.map((one, index) => (index === at ? next : one)));

  return (
    <fieldset className={styles["grants"]}>
      <legend>Roles</legend>
      {grants.length === 0 && <p className={styles["soft"]}>No role: may sign in, and see nothing.</p>}
      {grants.map(({ tenant, role }, at) => {
        const may = givable(allowed, ownRole(tenant));
        const choices = may.includes(role) ? may : [...may, role];
        return (
          <div key={tenant} className={styles["grant"]}>
            <div className={styles["grantFields"]}>
              {isAnywhere ? (
                <SelectField
                  label="Where"
                  value={tenant}
                  onChange={(next) => replace(at, { tenant: next, role })}
                  options={[tenant, ...free].map((id) => ({ value: id, label: nameOf(id) }))}
                />
              ) : null}
              <SelectField
                label="Role"
                value={role}
                onChange={(next) => replace(at, { tenant, role: next as Role })}
                options={choices.map((one) => ({ value: one, label: one }))}
                hint={`A${/^[ao]/.test(role) ? "n" : ""} ${role} ${roleMeanings[role]}.`}
              />
            </div>
            <IconButton
              label={`Take the role ${role} (${nameOf(tenant)}) away`}
              icon="close"
              onClick={() => onChange(grants.filter((_, index) => index !== at))}
            />
          </div>
        );
      })}
      {problem === undefined ? null : (
        <p className={styles["problem"]} role="alert">
          {problem}
        </p>
      )}
      {free[0] === undefined ? null : (
        <Button
          tone="quiet"
          icon="add"
          onClick={() => {
            const tenant = tenantId !== undefined && free.includes(tenantId) ? tenantId : free[0];
            if (tenant !== undefined) onChange([...grants, { tenant, role: allowed[0] ?? "viewer" }]);
          }}
        >
          {grants.length === 0 ? "Give a role" : "Another role"}
        </Button>
      )}
    </fieldset>
  );
}
