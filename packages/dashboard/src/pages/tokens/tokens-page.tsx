import type { TokenView } from "@steward/contracts/principals";
import { tokenRoutes } from "@steward/contracts/routes/tokens";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { CheckField } from "../../ui/fields.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { visible } from "../../text.ts";
import { Said } from "../../ui/said.tsx";
import { grantText } from "../people/grants.ts";
import styles from "../people/people.module.css";
import { CreateTokenDialog } from "./create-token-dialog.tsx";
import { TokenPanel } from "./token-panel.tsx";
import { isLessened, tokenState, tokenStateWords } from "./token-state.ts";

const route = getRouteApi("/tokens");

export function TokensPage() {
  const me = useMe();
  const [isMaking, setMaking] = useState(false);
  return (
    <Page
      title="Service tokens"
      lead="For scripts and programs. A token never does more than whoever made it, and never approves."
      actions={
        me.tenantId !== undefined && me.may("admin") ? (
          <Button tone="primary" icon="add" onClick={() => setMaking(true)}>
            Make a token
          </Button>
        ) : null
      }
    >
      <ForTenant needs="admin">
        <Tokens onMake={() => setMaking(true)} />
        {isMaking ? <CreateTokenDialog onClose={() => setMaking(false)} /> : null}
      </ForTenant>
    </Page>
  );
}

function Tokens({ onMake }: { onMake: () => void }) {
  const me = useMe();
  const { revoked = false, token: selected } = route.useSearch();
  const navigate = route.useNavigate();
  const tokens = useApiPages(tokenRoutes.listTokens, { query: { limit: 200 } }, { every: "background" });
  const { hasMore, loadAll } = tokens;
  useEffect(() => {
    if (hasMore) loadAll();
  }, [hasMore, loadAll]);
  const rolesText = useCallback(
    (grants: TokenView["grants"]) => {
      const nameOf = (id: string) => visible(me.tenants.find((one) => one.id === id)?.name ?? id);
      return grants.map((grant) => grantText(grant, nameOf)).join(", ");
    },
    [me.tenants],
  );
  const columns = useMemo(() => columnsOf(rolesText), [rolesText]);
  const token = tokens.items.find(({ id }) => id === selected);
  const put = (change: { revoked?: true; token?: string }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <div className={styles["beside"]}>
      <Panel flush>
        <Loaded
          query={tokens}
          rows={6}
          empty={(items) => items.length === 0}
          emptyState={
            <Empty title="There are no service tokens" action={<Button onClick={onMake}>Make a token</Button>}>
              <p>A script or a monitor signs in with one, for example to read /metrics. On a terminal:</p>
              <Copy text="steward token create nightly-report --role viewer --days 30" label="Copy the command" />
            </Empty>
          }
        >
          {(items) => (
            <DataTable
              name="tokens"
              columns={columns}
              rows={revoked ? items : items.filter(({ revokedAt }) => revokedAt === undefined)}
              rowId={({ id }) => id}
              onOpen={({ id }) => put({ token: id })}
              open={selected}
              empty="No token is in force."
              toolbar={
                <CheckField
                  label="Revoked ones too"
                  checked={revoked}
                  onChange={(next) => put({ revoked: next ? true : undefined })}
                />
              }
            />
          )}
        </Loaded>
      </Panel>
      {token === undefined ? null : (
        <TokenPanel key={token.id} token={token} rolesText={rolesText} onClose={() => put({ token: undefined })} />
      )}
    </div>
  );
}

function columnsOf(rolesText: (grants: TokenView["grants"]) => string): Column<TokenView>[] {
  return [
    { id: "name", header: "Name", text: ({ name }) => name, cell: ({ name }) => <Said>{name}</Said> },
    {
      id: "may",
      header: "May",
      text: ({ effectiveGrants }) => rolesText(effectiveGrants),
      cell: (token) => (
        <>
          {rolesText(token.effectiveGrants) || "nothing"}
          {isLessened(token) ? ` (made as ${rolesText(token.grants)})` : null}
        </>
      ),
    },
    {
      id: "state",
      header: "State",
      width: 130,
      text: (token) => tokenState(token, Date.now()),
      cell: (token) => {
        const { text, tone } = tokenStateWords[tokenState(token, Date.now())];
        return <Badge tone={tone}>{text}</Badge>;
      },
    },
    {
      id: "used",
      header: "Last used",
      width: 130,
      text: ({ lastUsedAt }) => lastUsedAt ?? "",
      cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? "never" : <Moment at={lastUsedAt} />),
      hideBelow: 600,
    },
    {
      id: "ends",
      header: "Ends",
      width: 130,
      text: ({ expiresAt }) => expiresAt,
      cell: ({ expiresAt }) => <Moment at={expiresAt} />,
      hideBelow: 600,
    },
    {
      id: "by",
      header: "Made by",
      text: ({ createdBy }) => createdBy.name,
      cell: ({ createdBy }) => <Said>{createdBy.name}</Said>,
      hideBelow: 900,
    },
    { id: "id", header: "Id", text: ({ id }) => id, cell: ({ id }) => <Said mono>{id}</Said>, hideBelow: 1300 },
  ];
}
