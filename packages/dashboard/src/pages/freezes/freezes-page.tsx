import { freezeRoutes } from "@steward/contracts/routes/freezes";
import { windowRoutes } from "@steward/contracts/routes/windows";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { FreezeDialog } from "./freeze-dialog.tsx";
import styles from "./freezes.module.css";
import { NowInForce } from "./now-in-force.tsx";
import { WeekStrip } from "./week-strip.tsx";
import { WindowDialog } from "./window-dialog.tsx";
import { WindowList } from "./window-list.tsx";

const route = getRouteApi("/freezes");

export function FreezesPage() {
  const { new: form, week = 0 } = route.useSearch();
  const navigate = route.useNavigate();
  const { may, principal, tenantId } = useMe();
  const freezes = useApi(freezeRoutes.listFreezes, {}, { every: "background" });
  const windows = useApi(windowRoutes.listWindows, {}, { every: "background" });
  const open = (next: "freeze" | "window" | undefined) =>
    void navigate({
      search: ({ new: _new, ...before }) => ({ ...before, ...(next === undefined ? {} : { new: next }) }),
    });
  const mayFreeze = may("admin") && tenantId !== undefined;
  const mayChangeWindows = mayFreeze && principal.kind === "person";
  return (
    <Page
      title="Freezes & windows"
      lead="When changes may start. A freeze lets nothing new start; a blackout keeps changes out; where there is a maintenance window, changes go only within one. What runs already goes on."
      actions={
        <>
          {mayChangeWindows && (
            <Button icon="add" onClick={() => open("window")}>
              New window
            </Button>
          )}
          {mayFreeze && (
            <Button tone="primary" icon="freezes" onClick={() => open("freeze")}>
              Freeze
            </Button>
          )}
        </>
      }
    >
      <Panel title="Now">
        <Loaded query={freezes} rows={1}>
          {({ items }) => (
            <Loaded query={windows} rows={1}>
              {({ items: all }) => <NowInForce freezes={items} windows={all} mayEnd={mayFreeze} />}
            </Loaded>
          )}
        </Loaded>
      </Panel>
      <Panel
        title={week === 0 ? "The next seven days" : "Seven days"}
        note="On your own clocks"
        actions={
          <Weeks week={week} onWeek={(next) => void navigate({ search: (before) => ({ ...before, week: next }) })} />
        }
      >
        <Loaded query={windows} rows={4}>
          {({ items }) => <WeekStrip windows={items} freezes={freezes.data?.items ?? []} week={week} />}
        </Loaded>
      </Panel>
      <Panel title="Windows" flush>
        <Loaded
          query={windows}
          empty={({ items }) => items.length === 0}
          emptyState={
            <Empty
              title="There are no windows: appliances may be changed at any time"
              action={mayChangeWindows ? <Button onClick={() => open("window")}>New window</Button> : undefined}
            >
              <p>A maintenance window keeps changes to times that suit you; a blackout keeps them away from others.</p>
              <code className={styles["command"]}>
                steward windows add nights --maintenance --cron "0 22 * * *" --zone Europe/Berlin --for 6h
              </code>
            </Empty>
          }
        >
          {({ items }) => <WindowList windows={items} mayRemove={mayChangeWindows} />}
        </Loaded>
      </Panel>
      {form === "freeze" && mayFreeze && <FreezeDialog onClose={() => open(undefined)} />}
      {form === "window" && mayChangeWindows && <WindowDialog onClose={() => open(undefined)} />}
    </Page>
  );
}

function Weeks({ week, onWeek }: { week: number; onWeek: (week: number) => void }) {
  return (
    <>
      <Button tone="quiet" icon="left" onClick={() => onWeek(week - 1)}>
        Earlier
      </Button>
      {week !== 0 && (
        <Button tone="quiet" onClick={() => onWeek(0)}>
          Today
        </Button>
      )}
      <Button tone="quiet" icon="right" onClick={() => onWeek(week + 1)}>
        Later
      </Button>
    </>
  );
}
