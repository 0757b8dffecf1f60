import { windowRoutes } from "@steward/contracts/routes/windows";
import type { WindowView } from "@steward/contracts/window";
import { useChange } from "../../api/use-api.ts";
import { whenWords } from "../../schedules/when-words.ts";
import { Person } from "../../people/person.tsx";
import { spanText, visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { IconButton } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { exactText, Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./freezes.module.css";

export function WindowList({ windows, mayRemove }: { windows: readonly WindowView[]; mayRemove: boolean }) {
  const confirm = useConfirm();
  const remove = useChange(windowRoutes.removeWindow, {
    refreshes: [windowRoutes.listWindows],
    says: "The window is removed: what it held goes on",
  });
  const ask = async (window: WindowView) => {
    const yes = await confirm({
      title: `Remove ${visible(window.name)}?`,
      text:
        window.kind === "blackout"
          ? "It keeps nothing out any more: changes that wait for its end go on at once."
          : "Changes are not kept to it any more. Where it was the only one, they may start at any time.",
      verb: "Remove the window",
      danger: true,
    });
    if (yes) await remove.run({ params: { windowId: window.id } });
  };
  return (
    <ul className={styles["windows"]}>
      {windows.map((window) => (
        <li key={window.id} className={styles["window"]}>
          <div className={styles["windowWords"]}>
            <h3>
              <Said>{window.name}</Said>
            </h3>
            <p className={styles["soft"]}>
              {window.kind === "blackout" ? "Blackout" : "Maintenance"}, {spansWords(window.when)}, for{" "}
              <Said>{window.tags === undefined ? "all appliances" : window.tags.join(", ")}</Said>
              {window.readsToo === true && ", also reads and previews"}
            </p>
            <p className={styles["soft"]}>
              By <Person id={window.createdBy} />, <Moment at={window.createdAt} /> · <code>{window.id}</code>
            </p>
          </div>
          <span className={styles["windowState"]}>
            <Badge tone={window.open ? (window.kind === "blackout" ? "bad" : "good") : "still"}>
              {window.open ? "Open" : "Closed"}
            </Badge>
            <span className={styles["soft"]}>
              {window.changesAt === undefined ? (
                window.open ? (
                  ""
                ) : (
                  "over"
                )
              ) : (
                <>
                  {window.open ? "closes " : "opens "}
                  <Moment at={window.changesAt} />
                </>
              )}
            </span>
          </span>
          {mayRemove && (
            <IconButton label={`Remove ${visible(window.name)}`} icon="remove" onClick={() => void ask(window)} />
          )}
        </li>
      ))}
    </ul>
  );
}

function spansWords(when: WindowView["when"]): string {
  if ("from" in when) return `${exactText(when.from)} to ${exactText(when.until)}`;
  return `${whenWords(when)} for ${spanText(when.durationMinutes * 60)} (${when.timeZone})`;
}
