import type { NodeView } from "@steward/contracts/node";
import { fleetRoutes } from "@steward/contracts/routes/fleet";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useChange } from "../../../api/use-api.ts";
import { useMe } from "../../../me/use-me.ts";
import { visible } from "../../../text.ts";
import { LinkButton } from "../../../ui/button.tsx";
import { useConfirm } from "../../../ui/confirm.tsx";
import { Menu } from "../../../ui/menu.tsx";
import { RevokeDialog } from "../revoke-dialog.tsx";
import { TagsDialog } from "../tags-dialog.tsx";
import { Ping } from "./ping.tsx";

/** What is to be done with one appliance. */
export function NodeActions({ node }: { node: NodeView }) {
  const { may } = useMe();
  const confirm = useConfirm();
  const navigate = useNavigate();
  const [open, setOpen] = useState<"tags" | "revoke">();
  const name = visible(node.name);
  const params = { nodeId: node.id };
  const tags = useChange(fleetRoutes.changeTags, {
    says: `The tags of ${name} are changed.`,
    onDone: () => setOpen(undefined),
  });
  const remove = useChange(nodeRoutes.removeNode, {
    says: `${name} is removed.`,
    refreshes: [nodeRoutes.listNodes],
    onDone: () => void navigate({ to: "/appliances" }),
  });
  const askRemove = async () => {
    const yes = await confirm({
      title: `Remove ${name}?`,
      text: "It is shut out at once and taken off the list; what waits for it is cancelled. What it knew stays known: rotate the passwords that it had. To take it back, enrol it with a new token.",
      verb: "Remove it",
      danger: true,
      retype: node.name,
    });
    if (yes) await remove.run({ params });
  };
  const isOut = node.revokedAt !== undefined;
  const takesWork = node.confirmed && !isOut && node.quarantinedAt === undefined;
  return (
    <>
      {may("operator") && takesWork && (
        <>
          <Ping node={node} />
          <LinkButton icon="actions" to="/actions" search={{ on: node.id }}>
            Run an action
          </LinkButton>
          <LinkButton tone="primary" icon="ask" to="/ask" search={{ on: node.id }}>
            Ask about it
          </LinkButton>
        </>
      )}
      <Menu
        label={`More about ${name}`}
        items={[
          may("admin") && { label: "Change tags", icon: "edit", onSelect: () => setOpen("tags") },
          may("admin") &&
            !isOut && {
              label: "Shut out (stolen, lost)",
              icon: "stop",
              danger: true,
              onSelect: () => setOpen("revoke"),
            },
          may("admin") && { label: "Remove", icon: "remove", danger: true, onSelect: () => void askRemove() },
        ]}
      />
      {open === "tags" && (
        <TagsDialog
          title={`Tags of ${name}`}
          nodes={[node]}
          all={[node]}
          busy={tags.isRunning}
          onClose={() => setOpen(undefined)}
          onChange={(body) => void tags.run({ params, body })}
        />
      )}
      {open === "revoke" && <RevokeDialog node={node} onClose={() => setOpen(undefined)} />}
    </>
  );
}
