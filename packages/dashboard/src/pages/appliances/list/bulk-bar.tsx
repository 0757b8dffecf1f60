import { fleetRoutes } from "@steward/contracts/routes/fleet";
import type { BulkResult } from "@steward/contracts/fleet";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../../api/caller.ts";
import { useMe } from "../../../me/use-me.ts";
import { plural } from "../../../text.ts";
import { Button, LinkButton } from "../../../ui/button.tsx";
import { useConfirm } from "../../../ui/confirm.tsx";
import { Menu } from "../../../ui/menu.tsx";
import { Tip } from "../../../ui/tip.tsx";
import { toast } from "../../../ui/toast.tsx";
import { TagsDialog } from "../tags-dialog.tsx";
import { type BulkChange, changeInParts } from "./bulk.ts";
import { IntervalDialog } from "./interval-dialog.tsx";
import styles from "./list.module.css";
import { type NodeChoice, selectorsOf } from "./node-choice.ts";
import { OutcomesDialog } from "./outcomes-dialog.tsx";
import type { LiveNodes } from "./use-node-list.ts";

interface BulkBarProps {
  ids: ReadonlySet<string>;
  live: LiveNodes;
  choice: NodeChoice;
  onClear: () => void;
}

/** What is to be done with those that are selected. */
export function BulkBar({ ids, live, choice, onClear }: BulkBarProps) {
  const { may } = useMe();
  const confirm = useConfirm();
  const client = useQueryClient();
  const [open, setOpen] = useState<"tags" | "interval">();
  const [progress, setProgress] = useState<number>();
  const [outcome, setOutcome] = useState<BulkResult>();
  const targets = selectorsOf(ids, { ...live, choice });

  const run = async (change: BulkChange) => {
    setProgress(0);
    const result = await changeInParts([...ids], change, (body) => call(fleetRoutes.bulkNodes, { body }), setProgress);
    setProgress(undefined);
    setOpen(undefined);
    apply(live, result, change);
    void client.invalidateQueries();
    live.refetch();
    const failed = result.items.filter((item) => item.outcome === "failed");
    if (failed.length > 0) setOutcome(result);
    else {
      const same = result.items.length - result.changed;
      toast.say(`${plural(result.changed, "appliance")} changed${same === 0 ? "" : `, ${same} were so already`}.`);
      if (change.kind === "remove") onClear();
    }
  };
  const remove = async () => {
    const count = plural(ids.size, "appliance");
    const yes = await confirm({
      title: `Remove ${count}?`,
      text: "Each is shut out at once and taken off the list. What waits for it is cancelled. To take one back, it has to be enrolled again with a new token.",
      verb: `Remove ${count}`,
      danger: true,
      retype: `remove ${ids.size}`,
    });
    if (yes) await run({ kind: "remove" });
  };
  const busy = progress !== undefined;
  return (
    <div className={styles["bulk"]} role="region" aria-label="Selected appliances">
      <strong role="status">
        {busy && ids.size > 200 ? `${progress} of ${ids.size} done` : `${plural(ids.size, "appliance")} selected`}
      </strong>
      {targets === undefined ? (
        <Tip text="A request names up to 100 appliances one by one. Select all with one tag, or all there are, to ask about more.">
          <Button icon="ask" aria-disabled="true">
            Ask about them
          </Button>
        </Tip>
      ) : (
        <>
          <LinkButton tone="primary" icon="ask" to="/ask" search={{ on: targets.join(",") }}>
            Ask about them
          </LinkButton>
          <LinkButton icon="actions" to="/actions" search={{ on: targets.join(",") }}>
            Run an action
          </LinkButton>
        </>
      )}
      {may("admin") && (
        <Button icon="edit" disabled={busy} onClick={() => setOpen("tags")}>
          Tags
        </Button>
      )}
      <Menu
        label="More to do with them"
        items={[
          {
            label: "Set the heartbeat’s interval",
            icon: "schedules",
            onSelect: () => setOpen("interval"),
            disabled: busy,
          },
          may("admin") && {
            label: "Remove",
            icon: "remove",
            danger: true,
            disabled: busy,
            onSelect: () => void remove(),
          },
        ]}
      />
      <Button tone="quiet" onClick={onClear}>
        Clear
      </Button>
      {open === "tags" && (
        <TagsDialog
          title={`Tags of ${plural(ids.size, "appliance")}`}
          nodes={live.nodes.filter(({ id }) => ids.has(id))}
          all={live.nodes}
          busy={busy}
          onClose={() => setOpen(undefined)}
          onChange={({ add, remove: removed }) => void run({ kind: "tags", add, remove: removed })}
        />
      )}
      {open === "interval" && (
        <IntervalDialog
          count={ids.size}
          busy={busy}
          onClose={() => setOpen(undefined)}
          onChange={(change) => void run(change)}
        />
      )}
      {outcome !== undefined && (
        <OutcomesDialog result={outcome} nodes={live.nodes} onClose={() => setOutcome(undefined)} />
      )}
    </div>
  );
}

/** What the answer says has happened is shown before the next reading says it. */
function apply({ list, nodes }: LiveNodes, { items }: BulkResult, change: BulkChange): void {
  const changed = new Set(items.filter(({ outcome }) => outcome === "changed").map(({ id }) => id));
  if (change.kind === "remove") list.remove(changed);
  if (change.kind !== "tags") return;
  const { add = [], remove = [] } = change;
  list.add(
    nodes
      .filter(({ id }) => changed.has(id))
      .map((node) => ({ ...node, tags: [...new Set([...node.tags.filter((tag) => !remove.includes(tag)), ...add])] })),
  );
}
