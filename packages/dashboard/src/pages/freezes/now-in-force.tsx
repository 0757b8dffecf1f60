import { freezeRoutes } from "@steward/contracts/routes/freezes";
import type { WindowView } from "@steward/contracts/window";
import { useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { type Freeze, holdsAll, type InForce, inForce } from "../../windows/in-force.ts";
import { Person } from "../../people/person.tsx";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { exactText } from "../../ui/moment.tsx";
import styles from "./freezes.module.css";

interface WithAuthor extends Freeze {
  createdBy: string;
}

/** What holds changes at this moment, and until when. */
export function NowInForce({
  freezes,
  windows,
  mayEnd,
}: {
  freezes: readonly WithAuthor[];
  windows: readonly WindowView[];
  mayEnd: boolean;
}) {
  const found = inForce(freezes, windows);
  const isFree = !holdsAll(found);
  const holdsSome = found.some(({ kind }) => kind !== "open");
  return (
    <ul className={styles["now"]}>
      {isFree && (
        <li className={styles["state"]}>
          <Badge tone="good">Open</Badge>
          <span>
            {holdsSome
              ? "Changes may start, except for what is named here."
              : "Changes may start: nothing keeps them out."}
          </span>
        </li>
      )}
      {found.map((one) => (
        <li key={keyOf(one)} className={styles["state"]}>
          <State of={one} mayEnd={mayEnd} freezes={freezes} />
        </li>
      ))}
    </ul>
  );
}

function keyOf(one: InForce): string {
  if (one.kind === "freeze") return one.freeze.id;
  return one.kind === "blackout" ? one.window.id : one.kind;
}

function State({ of, mayEnd, freezes }: { of: InForce; mayEnd: boolean; freezes: readonly WithAuthor[] }) {
  switch (of.kind) {
    case "freeze":
      return (
        <FreezeState
          freeze={of.freeze}
          by={freezes.find(({ id }) => id === of.freeze.id)?.createdBy ?? ""}
          mayEnd={mayEnd}
        />
      );
    case "blackout":
      return (
        <>
          <Badge tone="bad">Blackout</Badge>
          <span>
            <strong>
              <Said>{of.window.name}</Said>
            </strong>{" "}
            keeps changes out{of.window.readsToo === true ? ", reads and previews too" : ""}{" "}
            <For tags={of.window.tags} />
            <Until at={of.window.changesAt} />.
          </span>
        </>
      );
    case "closed":
      return (
        <>
          <Badge tone="wait">Closed</Badge>
          <span>
            Outside of maintenance windows: changes wait for the next
            {of.opensAt === undefined ? "" : ", which opens "}
            {of.opensAt !== undefined && (
              <span>
                <Moment at={of.opensAt} /> ({exactText(of.opensAt)})
              </span>
            )}
            .<Whose windows={of.windows} />
          </span>
        </>
      );
    case "open":
      return (
        <>
          <Badge tone="good">Window open</Badge>
          <span>
            {of.windows.map((window, index) => (
              <span key={window.id}>
                {index > 0 && "; "}
                <Said>{window.name}</Said> <For tags={window.tags} />
                <Until at={window.changesAt} />
              </span>
            ))}
          </span>
        </>
      );
    default:
      return of satisfies never;
  }
}

function FreezeState({ freeze, by, mayEnd }: { freeze: Freeze; by: string; mayEnd: boolean }) {
  const { mayStaff } = useMe();
  const confirm = useConfirm();
  const end = useChange(freezeRoutes.endFreeze, {
    refreshes: [freezeRoutes.listFreezes],
    says: "The freeze is over: what it held goes on",
  });
  const isOurs = freeze.scope === "tenant" || mayStaff("admin");
  const ask = async () => {
    const yes = await confirm({
      title: "End this freeze?",
      text: "What it held starts at once: tasks that wait for it, and schedules that are due.",
      verb: "End the freeze",
    });
    if (yes) await end.run({ params: { freezeId: freeze.id } });
  };
  return (
    <>
      <Badge tone="bad">{freeze.scope === "everything" ? "Frozen, all tenants" : "Frozen"}</Badge>
      <span>
        Nothing new starts: <Said>{freeze.reason}</Said>. Ends <Moment at={freeze.until} /> ({exactText(freeze.until)}),
        by <Person id={by} />.
      </span>
      {mayEnd && isOurs && (
        <Button busy={end.isRunning} onClick={() => void ask()}>
          End it
        </Button>
      )}
    </>
  );
}

/** Whom windows that are closed hold. */
function Whose({ windows }: { windows: readonly WindowView[] }) {
  if (windows.some(({ tags }) => tags === undefined)) return null;
  const tags = [...new Set(windows.flatMap((window) => window.tags ?? []))];
  return (
    <>
      {" "}
      Held are only appliances with <Said>{tags.join(", ")}</Said>.
    </>
  );
}

function For({ tags }: { tags: string[] | undefined }) {
  if (tags === undefined) return null;
  return (
    <>
      (only <Said>{tags.join(", ")}</Said>)
    </>
  );
}

function Until({ at }: { at: string | undefined }) {
  if (at === undefined) return null;
  return (
    <>
      {" "}
      until <span title={exactText(at)}>{exactText(at)}</span> (<Moment at={at} />)
    </>
  );
}
