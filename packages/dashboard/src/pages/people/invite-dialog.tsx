import { principalRoutes } from "@steward/contracts/routes/principals";
import type { RoleGrant } from "@steward/contracts/roles";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { TextField } from "../../ui/fields.tsx";
import { GrantsEditor } from "./grants-editor.tsx";
import { type FreshLink, LinkOnce } from "./link-once.tsx";
import styles from "./people.module.css";

/** A person, and the link that lets them in, which is shown once. */
export function InviteDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const me = useMe();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [grants, setGrants] = useState<RoleGrant[]>(() => firstGrants(me.tenantId));
  const [made, setMade] = useState<FreshLink>();
  const [isKept, setKept] = useState(false);
  const invite = useChange(principalRoutes.invitePrincipal, {
    refreshes: [principalRoutes.listPrincipals],
    quiet: true,
  });

  const close = () => {
    onClose();
    // The link is gone with the dialog: nothing keeps it.
    setMade(undefined);
    setKept(false);
    setName("");
    setEmail("");
    setGrants(firstGrants(me.tenantId));
    invite.reset();
  };
  const submit = async () => {
    const body = { name: name.trim(), grants, ...(email.trim() === "" ? {} : { email: email.trim() }) };
    const answer = await invite.run({ body });
    invite.reset();
    if (answer !== undefined) setMade({ name: answer.person.name, ...answer.link });
  };

  if (made !== undefined) {
    return (
      <Dialog
        open={isOpen}
        onOpenChange={(open) => (!open && isKept ? close() : undefined)}
        title="The link, once"
        actions={
          <Button tone="primary" disabled={!isKept} onClick={close}>
            Done
          </Button>
        }
      >
        <LinkOnce link={made} isKept={isKept} onKept={setKept} />
      </Dialog>
    );
  }
  return (
    <Dialog
      open={isOpen}
      onOpenChange={(open) => (open ? undefined : close())}
      title="Invite a person"
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            tone="primary"
            busy={invite.isRunning}
            disabled={name.trim() === "" || grants.length === 0}
            onClick={() => void submit()}
          >
            Invite
          </Button>
        </>
      }
    >
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "" && grants.length > 0) void submit();
        }}
      >
        <TextField label="Name" value={name} onChange={setName} hint="Shown in tables and in the audit trail." />
        <TextField
          label="Email"
          required={false}
          type="email"
          value={email}
          onChange={setEmail}
          hint="To know who is meant. Nothing is sent there: you hand over the link."
        />
        <GrantsEditor grants={grants} onChange={setGrants} isAnywhere={me.mayStaff("admin")} />
        <p className={styles["soft"]}>
          Whom you invite is not your second person for the next 24 hours: what you ask for is approved by somebody
          else.
        </p>
        {invite.error === null ? null : <FieldProblems error={invite.error} />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}

function firstGrants(tenantId: string | undefined): RoleGrant[] {
  return tenantId === undefined ? [] : [{ tenant: tenantId, role: "operator" }];
}
