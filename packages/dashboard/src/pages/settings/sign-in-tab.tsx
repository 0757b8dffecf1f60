import { issuerAlgorithms, type IssuerView } from "@steward/contracts/principals";
import { issuerRoutes } from "@steward/contracts/routes/issuers";
import { useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Facts } from "../../ui/facts.tsx";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./settings.module.css";

/** Who else may say who somebody is. */
export function SignInTab() {
  return (
    <ForTenant needs="admin">
      <Issuers />
    </ForTenant>
  );
}

function Issuers() {
  const confirm = useConfirm();
  const [isAdding, setAdding] = useState(false);
  const [added, setAdded] = useState<IssuerView>();
  const issuers = useApi(issuerRoutes.listIssuers, {}, { every: "background" });
  const remove = useChange(issuerRoutes.removeIssuer, {
    refreshes: [issuerRoutes.listIssuers],
    says: "The issuer is removed.",
  });
  const askAndRemove = async ({ id, name, scope }: IssuerView) => {
    const who = scope === "everything" ? "People of every tenant" : "Whoever";
    const text = `${who} came by ${visible(name)} is signed out within 5 seconds, and signs in by a one-time link, or not at all.`;
    if (await confirm({ title: "Remove this issuer?", text, verb: "Remove", danger: true }))
      await remove.run({ params: { issuerId: id } });
  };
  return (
    <Panel
      title="Sign-in by OpenID Connect"
      note="An issuer makes nobody a member: invite people, then they bind their account."
      actions={
        <Button icon="add" onClick={() => setAdding(true)}>
          Add an issuer
        </Button>
      }
    >
      {added === undefined ? null : (
        <div className={styles["told"]} role="status">
          <p>
            <Said>{added.name}</Said> is there. Whoever is invited binds an account to it:
          </p>
          <Copy
            text={`steward login '<link>' --issuer ${added.id} --tenant ${added.tenantId}`}
            label="Copy the command"
          />
        </div>
      )}
      <Loaded
        query={issuers}
        rows={3}
        empty={({ items }) => items.length === 0}
        emptyState={
          <Empty title="There is no issuer: people sign in with one-time links">
            <p>With one, they sign in as they do elsewhere in your organisation. On a terminal:</p>
            <Copy
              text="steward issuer add https://accounts.example.org --client-id steward-cli --name Example"
              label="Copy the command"
            />
          </Empty>
        }
      >
        {({ items }) => (
          <ul className={styles["cards"]}>
            {items.map((issuer) => (
              <li key={issuer.id}>
                <h3>
                  <Said>{issuer.name}</Said>
                </h3>
                <Facts
                  items={[
                    [
                      "Address",
                      <Said key="url" mono>
                        {issuer.url}
                      </Said>,
                    ],
                    [
                      "Client",
                      <Said key="client" mono>
                        {issuer.clientId}
                      </Said>,
                    ],
                    [
                      "Good for",
                      <Badge key="scope" tone={issuer.scope === "everything" ? "wait" : "good"}>
                        {issuer.scope === "everything" ? "people of every tenant" : "this tenant"}
                      </Badge>,
                    ],
                    ["Signed by", issuer.algorithms.join(", ")],
                    issuer.emailDomain !== undefined && ["Mail", <Said key="mail">{issuer.emailDomain}</Said>],
                    ["Since", <Moment key="since" at={issuer.createdAt} />],
                    [
                      "Id",
                      <Said key="id" mono>
                        {issuer.id}
                      </Said>,
                    ],
                  ]}
                />
                <div>
                  <Button tone="danger" icon="remove" onClick={() => void askAndRemove(issuer)}>
                    Remove
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {isAdding ? (
        <AddIssuerDialog
          onClose={(made) => {
            setAdding(false);
            if (made !== undefined) setAdded(made);
          }}
        />
      ) : null}
    </Panel>
  );
}

type Algorithm = (typeof issuerAlgorithms)[number];

function AddIssuerDialog({ onClose }: { onClose: (made?: IssuerView) => void }) {
  const [name, setName] = useState("");
  const [url, setUrl] = useState("https://");
  const [clientId, setClientId] = useState("");
  const [emailDomain, setEmailDomain] = useState("");
  const [algorithms, setAlgorithms] = useState<Algorithm[]>(["RS256", "ES256"]);
  const add = useChange(issuerRoutes.createIssuer, { refreshes: [issuerRoutes.listIssuers], quiet: true });
  const isFine = name.trim() !== "" && url.length > 8 && clientId.trim() !== "" && algorithms.length > 0;
  const submit = async () => {
    if (!isFine) return;
    const body = {
      name: name.trim(),
      url: url.trim(),
      clientId: clientId.trim(),
      algorithms,
      ...(emailDomain.trim() === "" ? {} : { emailDomain: emailDomain.trim().toLowerCase() }),
    };
    const made = await add.run({ body });
    if (made !== undefined) onClose(made);
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title="Add an issuer"
      actions={
        <>
          <Button onClick={() => onClose()}>Cancel</Button>
          <Button tone="primary" busy={add.isRunning} disabled={!isFine} onClick={() => void submit()}>
            Add
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
        <TextField label="Name" value={name} onChange={setName} maxLength={100} autoFocus hint="What people see." />
        <TextField label="Address" mono value={url} onChange={setUrl} hint="Exactly as its tokens name it (iss)." />
        <TextField
          label="Client id"
          mono
          value={clientId}
          onChange={setClientId}
          hint="The client that Steward is there. For terminals it must be allowed the device flow."
        />
        <TextField
          label="Mail domain"
          required={false}
          value={emailDomain}
          onChange={setEmailDomain}
          hint="Shown to people who sign in; it proves nobody."
        />
        <fieldset className={styles["checks"]}>
          <legend>How its tokens are signed</legend>
          {issuerAlgorithms.map((algorithm) => (
            <CheckField
              key={algorithm}
              label={algorithm}
              checked={algorithms.includes(algorithm)}
              onChange={(isOn) =>
                setAlgorithms(issuerAlgorithms.filter((one) => (one === algorithm ? isOn : algorithms.includes(one))))
              }
            />
          ))}
        </fieldset>
        <FieldProblems error={add.error} />
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
