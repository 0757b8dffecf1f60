import { overviewRoutes } from "@steward/contracts/routes/overview";
import type { ActionView } from "@steward/contracts/views";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";

import { Copy } from "../../ui/copy.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { actionColumns, kindTitles } from "./action-columns.tsx";

const route = getRouteApi("/actions");

export function ActionsPage() {
  const query = useApi(overviewRoutes.listActions, {}, { every: "background" });
  const { kind, on, ...view } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      title="Actions"
      lead="Everything that appliances can be told to do. A plan uses these and nothing else, whoever made it."
    >
      <Panel flush>
        <Loaded query={query} rows={12}>
          {({ items }) => (
            <DataTable<ActionView>
              name="actions"
              columns={actionColumns}
              rows={kind === undefined ? items : items.filter((action) => action.kind === kind)}
              rowId={({ id }) => id}
              rowTo={({ id }) => ({
                to: "/actions/$actionId",
                params: { actionId: id },
                ...(on === undefined ? {} : { search: { on } }),
              })}
              view={view}
              onView={(next) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true })}
              toolbar={
                <SelectField
                  label="Kind"
                  quietLabel
                  value={kind ?? ""}
                  onChange={(chosen) =>
                    void navigate({
                      search: (before) => ({ ...before, kind: chosen === "" ? undefined : chosen }),
                      replace: true,
                    })
                  }
                  options={[
                    { value: "", label: "All kinds" },
                    ...(["state", "command", "read"] as const).map((each) => ({
                      value: each,
                      label: kindTitles[each],
                    })),
                  ]}
                />
              }
              empty={
                <Empty title="No action of this kind">
                  The catalogue comes with Steward and grows with its releases. On the command line:{" "}
                  <Copy text="steward actions ls" />
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
