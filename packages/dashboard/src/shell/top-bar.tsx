import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useSyncExternalStore } from "react";
import { signOut } from "../api/session.ts";
import type { Me } from "../me/use-me.ts";
import { visible } from "../text.ts";
import { chooseTheme, chosenTheme, watchTheme } from "../theme.ts";
import { IconButton } from "../ui/button.tsx";
import { classes } from "../ui/classes.ts";
import { usePulse } from "./pulse.ts";
import styles from "./shell.module.css";

export function TopBar({ me, menu }: { me: Me; menu: ReactNode }) {
  return (
    <header className={styles["top"]}>
      {menu}
      <TenantChoice me={me} />
      <span className={styles["space"]} />
      <Pulse />
      <Account me={me} />
    </header>
  );
}

function TenantChoice({ me }: { me: Me }) {
  const { tenants, tenantId, isStaff, chooseTenant } = me;
  if (!isStaff && tenants.length < 2)
    return <span className={styles["tenantName"]}>{visible(me.tenant?.name ?? "")}</span>;
  const known = tenantId === undefined || tenants.some(({ id }) => id === tenantId);
  return (
    <label className={styles["tenant"]}>
      <span className="heard">Tenant</span>
      <select
        value={tenantId ?? ""}
        onChange={(event) => chooseTenant(event.target.value === "" ? undefined : event.target.value)}
      >
        {isStaff && <option value="">All tenants</option>}
        {!known && <option value={tenantId}>{tenantId}</option>}
        {tenants.map(({ id, name, status }) => (
          <option key={id} value={id}>
            {visible(name)}
            {status === "active" ? "" : ` (${status})`}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Whether what is shown is what is: the last answers came, or none do. */
function Pulse() {
  const client = useQueryClient();
  const state = usePulse(client);
  const asking = useIsFetching() > 0;
  if (state === "lost") {
    return (
      <span className={classes(styles["pulse"], styles["lost"])} role="status">
        No connection
      </span>
    );
  }
  return (
    <span className={classes(styles["pulse"], state === "idle" && !asking && styles["idle"])} role="status">
      {state === "limited" ? "Slower for now" : "Live"}
    </span>
  );
}

function Account({ me }: { me: Me }) {
  const theme = useSyncExternalStore(watchTheme, chosenTheme);
  const next = theme === "system" ? "light" : theme === "light" ? "dark" : "system";
  return (
    <>
      <span className={styles["who"]} title="Signed in">
        {visible(me.principal.name)}
      </span>
      <IconButton label={`Theme: ${theme}. Change to ${next}`} icon="sun" onClick={() => chooseTheme(next)} />
      <IconButton label="Sign out" icon="out" onClick={() => void signOut()} />
    </>
  );
}
