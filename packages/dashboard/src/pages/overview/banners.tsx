import { freezeRoutes } from "@steward/contracts/routes/freezes";
import { overviewRoutes } from "@steward/contracts/routes/overview";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { Link } from "@tanstack/react-router";
import { useAcross } from "../../api/use-across.ts";
import { useApi } from "../../api/use-api.ts";
import { taskTitle } from "../../text.ts";
import { useMe } from "../../me/use-me.ts";
import { Icon } from "../../ui/icon.tsx";
import { Moment, useNow } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./overview.module.css";

const glassShownMs = 24 * 3_600_000;

/** What everybody must see before anything else: nothing starts, Steward itself is ill, somebody passed over the rules. */
export function Banners({ frozen, tenantIds }: { frozen: readonly string[]; tenantIds: readonly string[] }) {
  return (
    <>
      <Ill />
      <Freezes frozen={frozen} />
      <BrokenGlass tenantIds={tenantIds} />
    </>
  );
}

function Freezes({ frozen }: { frozen: readonly string[] }) {
  const { tenantId: chosen, tenants } = useMe();
  const asked = useAcross(freezeRoutes.listFreezes, {}, { tenantIds: frozen });
  const all = (asked.data ?? []).flatMap(({ tenantId, answer }) =>
    answer.items.map((freeze) => ({ ...freeze, of: tenantId })),
  );
  // A freeze of everything is each tenant's: it is one.
  const once = [...new Map(all.map((freeze) => [freeze.id, freeze])).values()];
  return once.map((freeze) => (
    <div key={freeze.id} className={styles["ice"]} role="status">
      <Icon name="freezes" />
      <p>
        <strong>Nothing new starts</strong>{" "}
        {freeze.scope === "everything" ? (
          "anywhere"
        ) : chosen === undefined ? (
          <>
            at <Said>{tenants.find(({ id }) => id === freeze.of)?.name ?? freeze.of}</Said>
          </>
        ) : (
          "here"
        )}{" "}
        until <Moment at={freeze.until} />: <Said>{freeze.reason}</Said>
      </p>
      <Link to="/freezes" search={(freeze.scope === "everything" ? {} : { tenant: freeze.of }) as never}>
        Freezes
      </Link>
    </div>
  ));
}

/** What `GET /health` looks at, where more is to be said than that it does not answer. */
const failures: Readonly<Record<string, string>> = {
  trust: "the appliances' trust document ends within the month, or is not there: steward keys trust --renew",
};

function Ill() {
  const { data } = useApi(overviewRoutes.health, {}, { every: "background" });
  if (data === undefined || data.status === "ok") return null;
  const failed = Object.entries(data.dependencies).flatMap(([name, one]) => (one === "ok" ? [] : [name]));
  return (
    <div className={styles["ill"]} role="alert">
      <Icon name="warn" />
      <p>
        <strong>Steward itself is not well:</strong>{" "}
        {failed.map((name) => (Object.hasOwn(failures, name) ? failures[name] : `${name} does not answer`)).join(", ")}
      </p>
    </div>
  );
}

/** Whoever looks the next morning still sees it. */
function BrokenGlass({ tenantIds }: { tenantIds: readonly string[] }) {
  const asked = useAcross(taskRoutes.listTasks, { query: { limit: 50 } }, { tenantIds, everyMs: 30_000 });
  const nowMs = useNow();
  const tasks = (asked.data ?? [])
    .flatMap(({ answer }) => answer.items)
    .filter(({ breakGlass }) => breakGlass !== undefined && Date.parse(breakGlass.at) > nowMs - glassShownMs);
  return tasks.map((task) => (
    <div key={task.id} className={styles["glass"]} role="status">
      <Icon name="warn" />
      <p>
        <Said>{task.breakGlass?.name}</Said> passed over the rules <Moment at={task.breakGlass?.at} />:{" "}
        <Said>{task.breakGlass?.reason}</Said>
      </p>
      <Link to="/tasks/$taskId" params={{ taskId: task.id }} search={{ tenant: task.tenantId } as never}>
        <Said>{taskTitle(task)}</Said>
      </Link>
    </div>
  ));
}
