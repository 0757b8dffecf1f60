import { providerTenantId } from "@steward/contracts/ids";
import type { NodeView } from "@steward/contracts/node";
import { tagSchema } from "@steward/contracts/node";
import { fleetRoutes } from "@steward/contracts/routes/fleet";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextAreaField, TextField } from "../../ui/fields.tsx";
import { Menu } from "../../ui/menu.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./workers.module.css";

/** What an admin of the provider does with a worker: tags, shutting out, taking off the list. */
export function WorkerMenu({ node }: { node: NodeView }) {
  const [form, setForm] = useState<"tags" | "revoke">();
  const confirm = useConfirm();
  const navigate = useNavigate();
  const remove = useChange(nodeRoutes.removeNode, {
    inTenant: providerTenantId,
    says: `${node.name} is removed.`,
    onDone: () => void navigate({ to: "/workers" }),
  });
  const askRemove = async () => {
    const yes = await confirm({
      title: `Remove ${node.name}`,
      text: (
        <>
          <p>
            It is taken off the list, and its certificate is refused from now on. What it works on just now goes to
            another worker.
          </p>
          <p>To have it back, enrol it with a new token.</p>
        </>
      ),
      verb: "Remove the worker",
      danger: true,
      retype: node.name,
    });
    if (yes) await remove.run({ params: { nodeId: node.id } });
  };
  return (
    <>
      <Menu
        label={`More about ${node.name}`}
        items={[
          { label: "Change tags", icon: "edit", onSelect: () => setForm("tags") },
          node.revokedAt === undefined && {
            label: "Shut out…",
            icon: "stop",
            danger: true,
            onSelect: () => setForm("revoke"),
          },
          { label: "Remove…", icon: "remove", danger: true, onSelect: () => void askRemove() },
        ]}
      />
      <Dialog
        open={form === "tags"}
        onOpenChange={() => setForm(undefined)}
        title={
          <>
            Tags of <Said>{node.name}</Said>
          </>
        }
      >
        <Tags node={node} onDone={() => setForm(undefined)} />
      </Dialog>
      <Dialog
        open={form === "revoke"}
        onOpenChange={() => setForm(undefined)}
        title={
          <>
            Shut <Said>{node.name}</Said> out
          </>
        }
      >
        <Revoke node={node} onDone={() => setForm(undefined)} />
      </Dialog>
    </>
  );
}

function Tags({ node, onDone }: { node: NodeView; onDone: () => void }) {
  const [text, setText] = useState(node.tags.join(" "));
  const change = useChange(fleetRoutes.changeTags, {
    quiet: true,
    inTenant: providerTenantId,
    says: "The tags are changed.",
    onDone,
  });
  const list = [...new Set(text.split(/[\s,]+/).filter((tag) => tag !== ""))];
  const bad = list.find((tag) => !tagSchema.safeParse(tag).success);
  const add = list.filter((tag) => !node.tags.includes(tag));
  const remove = node.tags.filter((tag) => !list.includes(tag));
  return (
    <form
      className={styles["steps"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (bad === undefined && add.length + remove.length > 0)
          void change.run({ params: { nodeId: node.id }, body: { add, remove } });
      }}
    >
      <TextField
        label="Tags"
        value={text}
        onChange={setText}
        mono
        autoFocus
        hint="key:value, with blanks between them"
        error={bad === undefined ? undefined : `${bad} must look like key:value`}
      />
      <FieldProblems error={change.error} />
      <div className={styles["buttons"]}>
        <Button type="submit" tone="primary" busy={change.isRunning} disabled={add.length + remove.length === 0}>
          Change tags
        </Button>
      </div>
    </form>
  );
}

function Revoke({ node, onDone }: { node: NodeView; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const revoke = useChange(nodeRoutes.revokeNode, {
    quiet: true,
    inTenant: providerTenantId,
    says: `${node.name} is out.`,
    onDone,
  });
  const isMeant = typed.trim() === node.name && reason.trim() !== "";
  return (
    <form
      className={styles["steps"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (isMeant) void revoke.run({ params: { nodeId: node.id }, body: { reason: reason.trim() } });
      }}
    >
      <p>
        None of its certificates counts any more, and what it works on goes to another worker. It stays on the list; to
        take it back, remove it and enrol it with a new token.
      </p>
      <TextAreaField
        label="Why"
        value={reason}
        onChange={setReason}
        rows={2}
        required
        hint="Goes into the audit trail"
      />
      <TextField label={`Type ${node.name} to go on`} value={typed} onChange={setTyped} mono />
      <FieldProblems error={revoke.error} />
      <div className={styles["buttons"]}>
        <Button type="submit" tone="danger" busy={revoke.isRunning} disabled={!isMeant}>
          Shut it out
        </Button>
      </div>
    </form>
  );
}
