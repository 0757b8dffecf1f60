import type { PersonView } from "@steward/contracts/principals";
import { principalRoutes } from "@steward/contracts/routes/principals";
import type { RoleGrant } from "@steward/contracts/roles";
import { Fragment, useEffect, useRef, useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { visible } from "../../text.ts";
import { Said } from "../../ui/said.tsx";
import { changeText, everywhere, grantChanges } from "./grants.ts";
import { GrantsEditor } from "./grants-editor.tsx";
import { type FreshLink, LinkOnce } from "./link-once.tsx";
import styles from "./people.module.css";
import { personStatuses } from "./person-status.ts";

/** One person: what they may do, and what ends it. */
export function PersonPanel({ person, onClose }: { person: PersonView; onClose: () => void }) {
  const me = useMe();
  const confirm = useConfirm();
  const [grants, setGrants] = useState<RoleGrant[]>(person.grants);
  const [link, setLink] = useState<FreshLink>();
  const [isKept, setKept] = useState(false);
  const refreshes = [principalRoutes.listPrincipals];
  const change = useChange(principalRoutes.changePrincipal, { refreshes, quiet: true });
  const newLink = useChange(principalRoutes.createLink);
  const signOut = useChange(principalRoutes.endSessions, { says: `${visible(person.name)} is signed out everywhere.` });

  const head = useRef<HTMLDivElement>(null);
  // On a phone it is below the list.
  useEffect(() => {
    head.current?.focus({ preventScroll: true });
    head.current?.scrollIntoView({ block: "nearest" });
  }, []);

  const isMe = person.id === me.principal.id;
  const nameOf = (id: string) => visible(me.tenants.find((one) => one.id === id)?.name ?? id);
  const changes = grantChanges(person.grants, grants);
  const status = personStatuses[person.status];
  const name = visible(person.name);

  const done = () => {
    setLink(undefined);
    setKept(false);
  };
  const save = async () => {
    const texts = changes.map((one) => changeText(one, nameOf));
    const isFarReaching =
      isMe || changes.some(({ to, tenant, raises }) => raises && (to === "admin" || tenant === everywhere));
    const text = [
      `${isMe ? "You" : name}: ${texts.join("; ")}.`,
      "It is in force within 5 seconds.",
      isMe ? "These are your own roles: what you give up here, somebody else has to give back." : "",
      isMe ? "" : `${name} is not your second person for the next 24 hours.`,
    ];
    const words = text.filter((one) => one !== "").join(" ");
    if (!(await confirm({ title: "Change roles?", text: words, verb: "Change", danger: isFarReaching }))) return;
    const answer = await change.run({ params: { personId: person.id }, body: { grants } });
    if (answer !== undefined) setGrants(answer.grants);
  };
  const setDisabled = async (disabled: boolean) => {
    const everyTenant = me.mayStaff("admin");
    const text = disabled
      ? `${name} is let in no more${everyTenant ? ", in no tenant" : ""}; whatever is open ends within 5 seconds. What they asked for stays.`
      : `${name} may sign in again, with the roles as they are.`;
    const verb = disabled ? "Disable" : "Enable";
    if (!(await confirm({ title: `${verb} ${name}?`, text, verb, danger: disabled }))) return;
    await change.run({ params: { personId: person.id }, body: { disabled } });
  };
  const makeLink = async () => {
    const text = `A new one-time link for ${name}, good for seven days. One that was made before is void. Whoever has it is ${name}, and is not your second person for a day.`;
    if (!(await confirm({ title: "Make a new link?", text, verb: "Make the link" }))) return;
    const made = await newLink.run({ params: { personId: person.id } });
    newLink.reset();
    if (made !== undefined) setLink({ name: person.name, ...made });
  };
  const endSessions = async () => {
    const text = isMe
      ? "Every browser, terminal and one-time link of yours ends, this page too. Have a way to sign in again."
      : `Every browser, terminal and one-time link of ${name} ends. They may sign in again in another way.`;
    if (await confirm({ title: "Sign out everywhere?", text, verb: "Sign out", danger: true }))
      await signOut.run({ params: { personId: person.id } });
  };

  return (
    <Panel title={<Said>{person.name}</Said>} actions={<IconButton label="Close" icon="close" onClick={onClose} />}>
      <div className={styles["form"]} ref={head} tabIndex={-1}>
        <Facts
          items={[
            [
              "State",
              <Fragment key="state">
                <Badge tone={status.tone}>{status.text}</Badge> <span className={styles["soft"]}>{status.means}</span>
              </Fragment>,
            ],
            ["Email", person.email === undefined ? undefined : <Said key="email">{person.email}</Said>],
            ["Since", <Moment key="since" at={person.createdAt} />],
            [
              "Id",
              <Said key="id" mono>
                {person.id}
              </Said>,
            ],
          ]}
        />
        <GrantsEditor grants={grants} onChange={setGrants} isAnywhere={me.mayStaff("admin")} />
        <FieldProblems error={change.error} />
        {changes.length === 0 ? null : (
          <div className={styles["ways"]}>
            <Button tone="primary" busy={change.isRunning} onClick={() => void save()}>
              Save roles
            </Button>
            <Button onClick={() => setGrants(person.grants)}>As they were</Button>
          </div>
        )}
        <div className={styles["ways"]}>
          <Button
            icon="link"
            busy={newLink.isRunning}
            disabled={person.status === "disabled"}
            onClick={() => void makeLink()}
          >
            New one-time link
          </Button>
          <Button icon="out" busy={signOut.isRunning} onClick={() => void endSessions()}>
            Sign out everywhere
          </Button>
          {isMe ? null : person.status === "disabled" ? (
            <Button onClick={() => void setDisabled(false)}>Enable</Button>
          ) : (
            <Button tone="danger" onClick={() => void setDisabled(true)}>
              Disable
            </Button>
          )}
        </div>
      </div>
      {link === undefined ? null : (
        <Dialog
          open
          onOpenChange={(open) => (!open && isKept ? done() : undefined)}
          title="The link, once"
          actions={
            <Button tone="primary" disabled={!isKept} onClick={done}>
              Done
            </Button>
          }
        >
          <LinkOnce link={link} isKept={isKept} onKept={setKept} />
        </Dialog>
      )}
    </Panel>
  );
}
