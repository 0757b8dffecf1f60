import { secretRoutes } from "@steward/contracts/routes/secrets";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Person } from "../../people/person.tsx";
import { visible } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { InstallationSecrets } from "./installation-secrets.tsx";
import { SetSecretDialog } from "./set-secret-dialog.tsx";
import styles from "./secrets.module.css";

const route = getRouteApi("/secrets");

export function SecretsPage() {
  const { set } = route.useSearch();
  const navigate = route.useNavigate();
  const { may, mayStaff, principal, tenantId } = useMe();
  const mayWrite = may("admin") && principal.kind === "person" && tenantId !== undefined;
  const open = (name: string | undefined) =>
    void navigate({
      search: ({ set: _set, ...before }) => ({ ...before, ...(name === undefined ? {} : { set: name }) }),
    });
  return (
    <Page
      title="Secrets"
      lead="Passwords, keys and tokens that requests and services use. A value goes in and never comes out: nobody can read it here, and no model sees it."
      actions={
        mayWrite ? (
          <Button tone="primary" icon="add" onClick={() => open("")}>
            New secret
          </Button>
        ) : undefined
      }
    >
      {may("operator") ? (
        <TenantSecrets mayWrite={mayWrite} onSet={open} />
      ) : (
        <Panel title="Your organisation’s">
          <p>
            Who may ask for changes sees which secrets there are. You may look at other pages; ask an admin for more.
          </p>
        </Panel>
      )}
      {mayStaff("admin") && <InstallationSecrets mayWrite={principal.kind === "person"} />}
      <Panel title="Passwords that a change has made">
        <p>
          They are on the page of their <Link to="/tasks">task</Link>: each can be opened once, by whoever asked for it
          or whom they named, within a day.
        </p>
      </Panel>
      {set !== undefined && mayWrite && <SetTenantSecret name={set} onClose={() => open(undefined)} />}
    </Page>
  );
}

function TenantSecrets({ mayWrite, onSet }: { mayWrite: boolean; onSet: (name: string) => void }) {
  const secrets = useApi(secretRoutes.listTenantSecrets, {}, { every: "background" });
  const confirm = useConfirm();
  const remove = useChange(secretRoutes.removeTenantSecret, {
    refreshes: [secretRoutes.listTenantSecrets],
    says: "The secret is gone, with all of its versions",
  });
  const ask = async (name: string) => {
    const yes = await confirm({
      title: `Remove ${visible(name)}?`,
      text: `All of its versions go, and nobody can bring them back. Requests and schedules that refer to secret:${visible(name)} fail from then on.`,
      verb: "Remove the secret",
      danger: true,
      retype: name,
    });
    if (yes) await remove.run({ params: { tenantSecret: name } });
  };
  return (
    <Panel title="Your organisation’s" note="A request refers to one as secret:name" flush>
      <Loaded
        query={secrets}
        rows={3}
        empty={({ items }) => items.length === 0}
        emptyState={
          <Empty
            title="There are no secrets yet"
            action={mayWrite ? <Button onClick={() => onSet("")}>New secret</Button> : undefined}
          >
            <p>Store what a change needs and nobody should read, such as the key of a Wi-Fi; then ask with its name.</p>
            <Copy text="steward secrets set --own wifi-key" />
          </Empty>
        }
      >
        {({ items }) => (
          <ul className={styles["list"]}>
            {items.map((secret) => (
              <li key={secret.name} className={styles["item"]}>
                <div className={styles["words"]}>
                  <h3>
                    <Said mono>{secret.name}</Said>
                  </h3>
                  <p className={styles["soft"]}>
                    Changed <Moment at={secret.changedAt} /> by <Person id={secret.changedBy} />
                  </p>
                </div>
                <div className={styles["uses"]}>
                  <Copy text={`secret:${secret.name}`} label="Copy how to refer to it" />
                  <Copy text={`secret:${secret.name}@${secret.version}`} label="Copy how to refer to this version" />
                </div>
                {mayWrite && (
                  <div className={styles["buttons"]}>
                    <Button onClick={() => onSet(secret.name)}>New value</Button>
                    <Button icon="remove" tone="quiet" onClick={() => void ask(secret.name)}>
                      Remove
                    </Button>
                  </div>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}

function SetTenantSecret({ name: given, onClose }: { name: string; onClose: () => void }) {
  const isNew = given === "";
  // One name for this value: the same call again, after a lost reply, is the same version.
  const [version] = useState(() => crypto.randomUUID());
  const set = useChange(secretRoutes.setTenantSecret, {
    quiet: true,
    refreshes: [secretRoutes.listTenantSecrets],
    says: (stored) => `${stored.name} is stored. Requests refer to it as secret:${stored.name}`,
    onDone: onClose,
  });
  return (
    <SetSecretDialog
      title={isNew ? "A new secret" : `A new value for ${visible(given)}`}
      name={isNew ? undefined : given}
      least={8}
      text={
        isNew
          ? "Other people of your organisation can use it in requests, and cannot read it."
          : "What refers to it without a version uses the new value from now on."
      }
      isRunning={set.isRunning}
      error={set.error}
      onClose={onClose}
      onSave={(name, value) => void set.run({ params: { tenantSecret: name }, body: { value, version } })}
    />
  );
}
