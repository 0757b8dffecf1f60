import { secretRoutes } from "@steward/contracts/routes/secrets";
import type { SecretView } from "@steward/contracts/secret";
import { useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { secretState } from "./secret-state.ts";
import { SetSecretDialog } from "./set-secret-dialog.tsx";
import styles from "./secrets.module.css";

/** Keys of the installation itself: for the provider's admins. */
export function InstallationSecrets({ mayWrite }: { mayWrite: boolean }) {
  const secrets = useApi(secretRoutes.listSecrets, {}, { every: "background" });
  const [setting, setSetting] = useState<SecretView["name"]>();
  return (
    <Panel title="The installation’s" note="For the provider’s admins" flush>
      <Loaded query={secrets} rows={2}>
        {({ items }) => (
          <ul className={styles["list"]}>
            {items.map((secret) => (
              <Secret key={secret.name} secret={secret} mayWrite={mayWrite} onSet={() => setSetting(secret.name)} />
            ))}
          </ul>
        )}
      </Loaded>
      {setting !== undefined && <SetInstallationSecret name={setting} onClose={() => setSetting(undefined)} />}
    </Panel>
  );
}

function Secret({ secret, mayWrite, onSet }: { secret: SecretView; mayWrite: boolean; onSet: () => void }) {
  const confirm = useConfirm();
  const rotate = useChange(secretRoutes.rotateSecret, {
    refreshes: [secretRoutes.listSecrets],
    says: `${secret.name} is being made anew`,
  });
  const state = secretState(secret);
  const ask = async () => {
    const yes = await confirm({
      title: `Make ${secret.name} anew?`,
      text: "Steward makes a new value now. What the one before guards goes on with it for one turn.",
      verb: "Make it anew",
    });
    if (yes) await rotate.run({ params: { secretName: secret.name } });
  };
  return (
    <li className={styles["item"]}>
      <div className={styles["words"]}>
        <h3>
          <code>{secret.name}</code> <Badge tone={state.tone}>{state.text}</Badge>
        </h3>
        <p className={styles["soft"]}>{secret.about}</p>
        <p className={styles["soft"]}>
          {secret.changedAt === undefined ? (
            "It never had a value"
          ) : (
            <>
              Changed <Moment at={secret.changedAt} />
            </>
          )}
          {secret.madeBy === "person" ? (
            ", by hand"
          ) : secret.nextRotationAt === undefined ? (
            ""
          ) : (
            <>
              , made anew <Moment at={secret.nextRotationAt} />
            </>
          )}
          {secret.versions.length > 0 && (
            <>
              {" · kept: "}
              {secret.versions.map(({ id, state: which, createdAt }, index) => (
                <span key={id} title={id}>
                  {index > 0 && ", "}
                  {which} (<Moment at={createdAt} />)
                </span>
              ))}
            </>
          )}
        </p>
        {state.next !== undefined && <p>{state.next}</p>}
      </div>
      {mayWrite && (
        <div className={styles["buttons"]}>
          {secret.madeBy === "person" ? (
            <Button onClick={onSet}>{secret.isSet ? "New value" : "Put it in"}</Button>
          ) : (
            <Button icon="retry" busy={rotate.isRunning} onClick={() => void ask()}>
              Make anew
            </Button>
          )}
        </div>
      )}
    </li>
  );
}

function SetInstallationSecret({ name, onClose }: { name: SecretView["name"]; onClose: () => void }) {
  const [version] = useState(() => crypto.randomUUID());
  const set = useChange(secretRoutes.setSecret, {
    quiet: true,
    refreshes: [secretRoutes.listSecrets],
    says: `${name} is stored. It is used within a minute`,
    onDone: onClose,
  });
  return (
    <SetSecretDialog
      title={`A value for ${name}`}
      name={name}
      least={1}
      text="It is used within a minute. The one before stays for one turn."
      isRunning={set.isRunning}
      error={set.error}
      onClose={onClose}
      onSave={(_name, value) => void set.run({ params: { secretName: name }, body: { value: value.trim(), version } })}
    />
  );
}
