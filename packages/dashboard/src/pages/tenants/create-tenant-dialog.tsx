import { AppError } from "@steward/contracts/errors";
import { principalRoutes } from "@steward/contracts/routes/principals";
import { tenantRoutes } from "@steward/contracts/routes/tenants";
import type { TenantDetails } from "@steward/contracts/tenant";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { callIn } from "../../api/caller.ts";
import { useChange } from "../../api/use-api.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { type FreshLink, LinkOnce } from "../people/link-once.tsx";
import styles from "./tenants.module.css";

/** A tenant, and with it its first admin, whose link is shown once. */
export function CreateTenantDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [admin, setAdmin] = useState("");
  const [email, setEmail] = useState("");
  const [made, setMade] = useState<TenantDetails>();
  const [link, setLink] = useState<FreshLink>();
  const [isKept, setKept] = useState(false);
  const create = useChange(tenantRoutes.createTenant, { refreshes: [tenantRoutes.listTenants], quiet: true });
  const [refused, setRefused] = useState<AppError>();
  const [isInviting, setInviting] = useState(false);

  const open = (tenant: TenantDetails) => {
    onClose();
    void navigate({ to: "/tenants/$tenantId", params: { tenantId: tenant.id } });
  };
  // Made is made: whoever presses again after a refused invitation only invites again.
  const submit = async () => {
    const tenant = made ?? (await create.run({ body: { name: name.trim() } }));
    if (tenant === undefined) return;
    setMade(tenant);
    if (admin.trim() === "") return open(tenant);
    const body = {
      name: admin.trim(),
      grants: [{ tenant: tenant.id, role: "admin" as const }],
      ...(email.trim() === "" ? {} : { email: email.trim() }),
    };
    setInviting(true);
    setRefused(undefined);
    try {
      // In the new tenant, which this page is not about yet.
      const invited = await callIn(tenant.id)(principalRoutes.invitePrincipal, { body });
      setLink({ name: invited.person.name, ...invited.link });
    } catch (error) {
      setRefused(error instanceof AppError ? error : new AppError("internal", String(error)));
    } finally {
      setInviting(false);
    }
  };

  if (made !== undefined && link !== undefined) {
    return (
      <Dialog
        open
        onOpenChange={(isOpen) => (!isOpen && isKept ? open(made) : undefined)}
        title="The admin’s link, once"
        actions={
          <Button tone="primary" disabled={!isKept} onClick={() => open(made)}>
            Done
          </Button>
        }
      >
        <LinkOnce link={link} isKept={isKept} onKept={setKept} />
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => (isOpen ? undefined : made === undefined ? onClose() : open(made))}
      title="New tenant"
      actions={
        <>
          <Button onClick={() => (made === undefined ? onClose() : open(made))}>
            {made === undefined ? "Cancel" : "Without an admin"}
          </Button>
          <Button
            tone="primary"
            busy={create.isRunning || isInviting}
            disabled={name.trim() === "" || (email.trim() !== "" && admin.trim() === "")}
            onClick={() => void submit()}
          >
            {made === undefined ? "Create" : "Invite again"}
          </Button>
        </>
      }
    >
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {made === undefined ? (
          <TextField
            label="Name"
            value={name}
            onChange={setName}
            maxLength={100}
            autoFocus
            hint="Of the organisation. No two tenants have the same."
          />
        ) : (
          <p role="status">
            <Said>{made.name}</Said> is there. Its admin is not invited yet.
          </p>
        )}
        <TextField
          label="Its first admin"
          required={false}
          value={admin}
          onChange={setAdmin}
          maxLength={100}
          hint="Gets a one-time link, which you hand over."
        />
        <TextField
          label="Their email"
          required={false}
          type="email"
          value={email}
          onChange={setEmail}
          hint="To know who is meant; nothing is sent there."
          error={email.trim() !== "" && admin.trim() === "" ? "Whose is it? Give the admin’s name." : undefined}
        />
        <FieldProblems error={create.error ?? refused} />
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
