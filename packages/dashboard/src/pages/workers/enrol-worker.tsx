import { AppError } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import { nodeNameSchema, tagSchema } from "@steward/contracts/node";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Progress } from "../../ui/meter.tsx";
import { Moment } from "../../ui/moment.tsx";
import { FieldProblems, Problem } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { Fingerprint } from "./fingerprint.tsx";
import styles from "./workers.module.css";

interface Invitation {
  nodeId: string;
  token: string;
  expiresAt: string;
}

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** A token, the command for the host, the comparison of its key, its first heartbeat: as `steward workers enroll` has it. */
export function EnrolWorker({ open, onOpenChange }: Props) {
  const [invitation, setInvitation] = useState<Invitation>();
  const [name, setName] = useState("");
  const close = (next: boolean) => {
    onOpenChange(next);
    // The token is shown once: whoever comes back begins anew.
    if (!next) {
      setInvitation(undefined);
      setName("");
    }
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      title={
        invitation === undefined ? (
          "Enrol a worker"
        ) : (
          <>
            Enrol <Said>{name}</Said>
          </>
        )
      }
      wide={invitation !== undefined}
    >
      {invitation === undefined ? (
        <Invite name={name} onName={setName} onInvited={setInvitation} />
      ) : (
        <Follow invitation={invitation} name={name} />
      )}
    </Dialog>
  );
}

function Invite({
  name,
  onName,
  onInvited,
}: {
  name: string;
  onName: (name: string) => void;
  onInvited: (invitation: Invitation) => void;
}) {
  const [tags, setTags] = useState("");
  const [tried, setTried] = useState(false);
  const invite = useChange(nodeRoutes.inviteNode, { quiet: true, inTenant: providerTenantId, onDone: onInvited });
  const list = tags.split(/[\s,]+/).filter((tag) => tag !== "");
  const nameProblem = nodeNameSchema.safeParse(name).error?.issues[0]?.message;
  const badTag = list.find((tag) => !tagSchema.safeParse(tag).success);
  return (
    <form
      className={styles["steps"]}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (nameProblem === undefined && badTag === undefined)
          void invite.run({ body: { kind: "worker", name, tags: list } });
      }}
    >
      <p>
        A worker runs models for every customer. It needs Linux and, for good answers, a GPU; it holds a certificate of
        its own, and no key to your cloud account.
      </p>
      <TextField
        label="Name"
        value={name}
        onChange={onName}
        required
        autoFocus
        mono
        hint="Lower-case letters, digits and hyphens"
        error={tried ? nameProblem : undefined}
      />
      <TextField
        label="Tags"
        value={tags}
        onChange={setTags}
        required={false}
        mono
        placeholder="site:berlin"
        error={badTag === undefined ? undefined : `${badTag} must look like key:value`}
      />
      <FieldProblems error={invite.error} />
      <div className={styles["buttons"]}>
        <Button type="submit" tone="primary" busy={invite.isRunning}>
          Make a token
        </Button>
      </div>
    </form>
  );
}

function Follow({ invitation, name }: { invitation: Invitation; name: string }) {
  const { nodeId, token, expiresAt } = invitation;
  const asked = useApi(nodeRoutes.getNode, { params: { nodeId } }, { inTenant: providerTenantId });
  const node = asked.data;
  // Until it enrols it is nowhere.
  const trouble =
    asked.error !== null && !(asked.error instanceof AppError && asked.error.code === "not_found") ? asked.error : null;
  const isOut = node?.quarantinedAt !== undefined || node?.revokedAt !== undefined;
  const beats = node !== undefined && node.confirmed && node.health !== "offline";
  return (
    <div className={styles["steps"]}>
      <Step done={node !== undefined} title="Run the installer on the host">
        <p>In the folder of the worker’s build (dist/worker), as whoever may be root:</p>
        <Copy text={`sudo ./install.sh --url ${location.origin} --token -`} />
        <p>
          Paste the token there, and end the input with Ctrl-D. It is shown only now, works once, and ends{" "}
          <Moment at={expiresAt} />.
        </p>
        <Copy text={token} label="Copy the token" />
        {node === undefined ? <Progress label={`Waiting for ${name} to enrol`} /> : null}
      </Step>
      {isOut ? (
        <Problem
          error={
            new AppError("forbidden", `${name} is shut out: it was revoked, or its token was used with another key`, {
              next: "Look at the machine, remove the worker, and enrol it again.",
            })
          }
        />
      ) : (
        <>
          <Step done={node?.confirmed === true} waits={node === undefined} title="Compare its key">
            {node?.keyFingerprint === undefined || node.confirmed ? null : (
              <Fingerprint nodeId={nodeId} name={name} fingerprint={node.keyFingerprint} />
            )}
          </Step>
          <Step done={beats} waits={node?.confirmed !== true} title="Its first heartbeat">
            {node?.confirmed === true && !beats ? (
              <>
                <Progress label={`Waiting for the first heartbeat of ${name}`} />
                <p>
                  If none comes, look on the host: <code>sudo steward-worker doctor</code>
                </p>
              </>
            ) : null}
            {beats ? (
              <p>
                It is up{node.capacity === undefined ? "" : ` with ${node.capacity.slots} slots`}.{" "}
                <Link to="/workers/$nodeId" params={{ nodeId }}>
                  See the worker
                </Link>
              </p>
            ) : null}
          </Step>
        </>
      )}
      {trouble === null ? null : <Problem error={trouble} onRetry={() => void asked.refetch()} />}
      <p className={styles["soft"]}>
        Closing this is harmless: the token stays good, and the worker’s page has the rest.
      </p>
    </div>
  );
}

function Step({
  title,
  done,
  waits = false,
  children,
}: {
  title: string;
  done: boolean;
  waits?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={styles["step"]} data-done={done || waits || undefined}>
      <h3 className={styles["stepHead"]}>
        <Icon name={done ? "check" : "right"} /> {title}
        <span className="heard">{done ? " (done)" : waits ? " (later)" : ""}</span>
      </h3>
      {done && title !== "Its first heartbeat" ? null : children}
    </section>
  );
}
