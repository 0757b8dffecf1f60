import { defaults } from "@steward/contracts/defaults";
import { providerTenantId } from "@steward/contracts/ids";
import { tokenRoles } from "@steward/contracts/principals";
import type { RoleGrant } from "@steward/contracts/roles";
import { tokenRoutes } from "@steward/contracts/routes/tokens";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { NumberField, TextField } from "../../ui/fields.tsx";
import { GrantsEditor } from "../people/grants-editor.tsx";
import { Once } from "../people/once.tsx";
import styles from "../people/people.module.css";

type TokenRole = (typeof tokenRoles)[number];

/** A service token, whose text is shown once. */
export function CreateTokenDialog({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const [name, setName] = useState("");
  const [days, setDays] = useState<number | undefined>(defaults.tokenDays);
  const [grants, setGrants] = useState<RoleGrant[]>(() =>
    me.tenantId === undefined ? [] : [{ tenant: me.tenantId, role: "viewer" }],
  );
  const [made, setMade] = useState<{ token: string; expiresAt: string }>();
  const [isKept, setKept] = useState(false);
  const create = useChange(tokenRoutes.createToken, { refreshes: [tokenRoutes.listTokens], quiet: true });
  const isFine =
    name.trim() !== "" && grants.length > 0 && days !== undefined && days >= 1 && days <= defaults.maxTokenDays;

  const submit = async () => {
    if (!isFine) return;
    const body = { name: name.trim(), days, grants: grants as { tenant: string; role: TokenRole }[] };
    const answer = await create.run({ body });
    if (answer === undefined) return;
    create.reset();
    setMade({ token: answer.token, expiresAt: answer.view.expiresAt });
  };

  if (made !== undefined) {
    return (
      <Dialog
        open
        onOpenChange={(open) => (!open && isKept ? onClose() : undefined)}
        title="The token, once"
        actions={
          <Button tone="primary" disabled={!isKept} onClick={onClose}>
            Done
          </Button>
        }
      >
        <Once label="Service token" text={made.token} expiresAt={made.expiresAt} isKept={isKept} onKept={setKept}>
          <p className={styles["soft"]}>A script uses it so:</p>
          <Copy
            text={`STEWARD_TOKEN=… STEWARD_API_URL=${globalThis.location.origin} steward status --json`}
            label="Command"
          />
        </Once>
      </Dialog>
    );
  }
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title="Make a service token"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={create.isRunning} disabled={!isFine} onClick={() => void submit()}>
            Make it
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
        <TextField label="Name" value={name} onChange={setName} hint="What uses it: nightly report." />
        <GrantsEditor
          grants={grants}
          onChange={setGrants}
          allowed={tokenRoles}
          // What the staff make for other tenants is the provider's, and made there.
          isAnywhere={me.mayStaff("admin") && me.tenantId === providerTenantId}
        />
        <NumberField
          label="Ends after (days)"
          value={days}
          onChange={setDays}
          min={1}
          max={defaults.maxTokenDays}
          hint={`At most ${defaults.maxTokenDays}.`}
        />
        <p className={styles["soft"]}>
          It never does more than you may yourself, and never approves: a yes is a person’s word.
        </p>
        {create.error === null ? null : <FieldProblems error={create.error} />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
