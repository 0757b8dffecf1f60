import { providerTenantId } from "@steward/contracts/ids";
import { limitRoutes } from "@steward/contracts/routes/limits";
import { tenantRoutes } from "@steward/contracts/routes/tenants";
import type { TenantDetails } from "@steward/contracts/tenant";
import { getRouteApi } from "@tanstack/react-router";
import { roleIn } from "@steward/contracts/roles";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { termOf, visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button, LinkButton } from "../../ui/button.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { QuotaMeters } from "../settings/quota-meters.tsx";
import { ExportPanel } from "./export-panel.tsx";
import { LifePanel } from "./life-panel.tsx";
import { LimitsForm } from "./limits-form.tsx";
import { RenameForm } from "./rename-form.tsx";
import { tenantMoves, tenantTerms } from "./tenant-words.ts";
import styles from "./tenants.module.css";

const route = getRouteApi("/tenants/$tenantId");

/** One organisation: what it may use and uses, and its life from start to end. */
export function TenantPage() {
  const { tenantId } = route.useParams();
  const me = useMe();
  const tenant = useApi(tenantRoutes.getTenant, { params: { tenantId } }, { every: "background" });
  const name = tenant.data?.name ?? me.tenants.find(({ id }) => id === tenantId)?.name ?? "Tenant";
  const isChosen = me.tenantId === tenantId;
  return (
    <Page
      title={visible(name)}
      heading={<Said>{name}</Said>}
      lead={<Said mono>{tenantId}</Said>}
      actions={
        <>
          {isChosen ? null : (
            <Button icon="eye" onClick={() => me.chooseTenant(tenantId)}>
              Work in this tenant
            </Button>
          )}
          <LinkButton to="/people" search={(before: object) => ({ ...before, tenant: tenantId })} icon="people">
            Its people
          </LinkButton>
        </>
      }
    >
      <Loaded query={tenant} rows={8}>
        {(data) => <Tenant tenant={data} />}
      </Loaded>
    </Page>
  );
}

function Tenant({ tenant }: { tenant: TenantDetails }) {
  const me = useMe();
  const isStaffAdmin = me.mayStaff("admin");
  const moves = tenantMoves(tenant, tenant.id === providerTenantId);
  const isAdmin = roleIn(me.principal.grants, tenant.id) === "admin";
  const limits = useApi(limitRoutes.getLimits, {}, { every: "background", inTenant: tenant.id });
  return (
    <div className={styles["columns"]}>
      <div className={styles["column"]}>
        <Panel title="State">
          <div className={styles["form"]}>
            <Facts
              items={[
                ["State", <Status key="state" of={termOf(tenantTerms, tenant.status)} />],
                tenant.suspendedAt !== undefined && ["Suspended", <Moment key="at" at={tenant.suspendedAt} />],
                tenant.suspendedReason !== undefined && ["Why", <Said key="why">{tenant.suspendedReason}</Said>],
                tenant.deleteAfter !== undefined && ["Removed", <Moment key="end" at={tenant.deleteAfter} />],
                ["Since", <Moment key="since" at={tenant.createdAt} />],
              ]}
            />
            {isStaffAdmin && moves.rename ? <RenameForm tenant={tenant} /> : null}
          </div>
        </Panel>
        {isStaffAdmin ? <LifePanel tenant={tenant} moves={moves} /> : null}
        {isAdmin ? <ExportPanel tenant={tenant} /> : null}
      </div>
      <div className={styles["column"]}>
        <Panel title="Use" note="What it uses of what it may.">
          <Loaded query={limits} rows={5}>
            {({ quotas }) => <QuotaMeters quotas={quotas} />}
          </Loaded>
        </Panel>
        {isStaffAdmin && moves.setLimits ? (
          // Somebody else's change makes the form anew: what is not saved would be sent over it.
          <LimitsForm key={JSON.stringify([tenant.limits, tenant.ownLimits])} tenant={tenant} />
        ) : null}
      </div>
    </div>
  );
}
