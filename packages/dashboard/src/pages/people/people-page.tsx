import type { PersonView } from "@steward/contracts/principals";
import { principalRoutes } from "@steward/contracts/routes/principals";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { visible } from "../../text.ts";
import { Said } from "../../ui/said.tsx";
import { grantText } from "./grants.ts";
import { InviteDialog } from "./invite-dialog.tsx";
import { PersonPanel } from "./person-panel.tsx";
import styles from "./people.module.css";
import { personStatuses } from "./person-status.ts";

const route = getRouteApi("/people");

export function PeoplePage() {
  const me = useMe();
  const [isInviting, setInviting] = useState(false);
  return (
    <Page
      title="People"
      lead="Who may sign in, and what they may do here. Whoever asks for a change of high risk never approves it alone."
      actions={
        me.tenantId !== undefined && me.may("admin") ? (
          <Button tone="primary" icon="add" onClick={() => setInviting(true)}>
            Invite a person
          </Button>
        ) : null
      }
    >
      <ForTenant needs="admin">
        <People onInvite={() => setInviting(true)} />
        {isInviting ? <InviteDialog isOpen onClose={() => setInviting(false)} /> : null}
      </ForTenant>
    </Page>
  );
}

function People({ onInvite }: { onInvite: () => void }) {
  const me = useMe();
  const { person: selected } = route.useSearch();
  const navigate = route.useNavigate();
  const people = useApiPages(principalRoutes.listPrincipals, { query: { limit: 200 } }, { every: "background" });
  const { hasMore, loadAll } = people;
  // A tenant has tens of people, rarely hundreds: all of them are searched.
  useEffect(() => {
    if (hasMore) loadAll();
  }, [hasMore, loadAll]);
  const columns = useMemo(() => columnsOf(me.tenants), [me.tenants]);
  const person = people.items.find(({ id }) => id === selected);
  const open = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, person: id }), replace: true });
  return (
    <div className={styles["beside"]}>
      <Panel flush>
        <Loaded
          query={people}
          rows={6}
          empty={(items) => items.length === 0}
          emptyState={
            <Empty title="Nobody has a role here yet" action={<Button onClick={onInvite}>Invite a person</Button>}>
              <p>An invited person gets a link that works once. On a terminal:</p>
              <Copy text={'steward principal invite "Anna Smith" --role operator'} label="Copy the command" />
            </Empty>
          }
        >
          {(items) => (
            <DataTable
              name="people"
              columns={columns}
              rows={items}
              rowId={({ id }) => id}
              onOpen={({ id }) => open(id)}
              open={selected}
            />
          )}
        </Loaded>
      </Panel>
      {person === undefined ? null : <PersonPanel key={person.id} person={person} onClose={() => open(undefined)} />}
    </div>
  );
}

function columnsOf(tenants: readonly { id: string; name: string }[]): Column<PersonView>[] {
  const nameOf = (id: string) => visible(tenants.find((one) => one.id === id)?.name ?? id);
  const rolesText = ({ grants }: PersonView) => grants.map((grant) => grantText(grant, nameOf)).join(", ");
  return [
    {
      id: "name",
      header: "Name",
      text: ({ name }) => name,
      cell: ({ name }) => <Said>{name}</Said>,
    },
    {
      id: "email",
      header: "Email",
      text: ({ email }) => email ?? "",
      cell: ({ email = "" }) => <Said>{email}</Said>,
      hideBelow: 900,
    },
    { id: "roles", header: "Roles", text: rolesText, cell: (one) => rolesText(one) },
    {
      id: "status",
      header: "State",
      width: 110,
      text: ({ status }) => status,
      cell: ({ status }) => <Badge tone={personStatuses[status].tone}>{personStatuses[status].text}</Badge>,
    },
    {
      id: "created",
      header: "Since",
      width: 130,
      text: ({ createdAt }) => createdAt,
      cell: ({ createdAt }) => <Moment at={createdAt} />,
      hideBelow: 700,
    },
    { id: "id", header: "Id", text: ({ id }) => id, cell: ({ id }) => <Said mono>{id}</Said>, hideBelow: 1200 },
  ];
}
