import { AppError } from "@steward/contracts/errors";
import { secretRoutes } from "@steward/contracts/routes/secrets";
import { waitRoutes } from "@steward/contracts/routes/wait";
import type { RunSecretView } from "@steward/contracts/run-secret";
import type { TaskView } from "@steward/contracts/task";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../api/caller.ts";
import { useMe } from "../../me/use-me.ts";
import { plural, type Term, termOf, visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./task.module.css";

type Opened = RunSecretView & { value: string };

const terms: Record<RunSecretView["status"], Term> = {
  waiting: { text: "waits to be opened", tone: "wait" },
  opened: { text: "opened", tone: "still" },
  expired: { text: "expired", tone: "still" },
};

/** What the runs have made for somebody to open: each is shown once, to its recipient alone. */
export function SecretsPanel({ task }: { task: TaskView }) {
  const me = useMe();
  const client = useQueryClient();
  const confirm = useConfirm();
  const [opened, setOpened] = useState<Opened[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const secrets = task.secrets ?? [];
  const isMine = ({ recipient, status }: RunSecretView) =>
    status === "waiting" &&
    me.principal.kind === "person" &&
    (recipient === undefined ? me.may("admin") : recipient === me.principal.id);
  const mine = secrets.filter(isMine);

  const open = async (chosen: readonly RunSecretView[]) => {
    const sure = await confirm({
      title: chosen.length === 1 ? "See the secret now?" : `See ${chosen.length} secrets now?`,
      text: "Each is shown once. Nobody can see it again afterwards, not even you: have a place ready to keep it.",
      verb: "Show",
    });
    if (!sure) return;
    setBusy(true);
    setProblem(undefined);
    try {
      for (const secret of chosen) {
        const one = await openPersistently(task.id, secret);
        setOpened((before) => [...before, one]);
      }
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
      void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === waitRoutes.getTask.id });
    }
  };

  return (
    <Panel
      title="Secrets that were made"
      note="Each is shown once, and only to its recipient."
      actions={
        mine.length > 1 && (
          <Button tone="primary" icon="secrets" busy={busy} onClick={() => void open(mine)}>
            Open all {mine.length}
          </Button>
        )
      }
      flush
    >
      <ul className={styles["secrets"]}>
        {secrets.map((secret) => (
          <li key={`${secret.runId}-${secret.ref}`}>
            <span className={styles["secretWords"]}>
              <span>
                <strong>
                  <Said>{secret.name}</Said>
                </strong>{" "}
                of <code>{visible(secret.action)}</code> on <Said>{secret.appliance.name}</Said>
              </span>
              <span className={styles["soft"]}>
                {secret.status === "waiting" && (
                  <>
                    can be opened until <Moment at={secret.expiresAt} />
                  </>
                )}
                {secret.status === "opened" && <Moment at={secret.openedAt} />}
                {secret.unsure === true && " · the run was cut off: it may not be in force"}
              </span>
            </span>
            <Status of={termOf(terms, secret.status)} />
            {isMine(secret) && (
              <Button icon="secrets" busy={busy} onClick={() => void open([secret])}>
                Open
              </Button>
            )}
          </li>
        ))}
      </ul>
      {problem !== undefined && <Problem error={problem} />}
      <Dialog
        open={opened.length > 0}
        onOpenChange={(next) => next || setOpened([])}
        title={plural(opened.length, "secret")}
        actions={
          <Button tone="primary" onClick={() => setOpened([])}>
            I have kept {opened.length === 1 ? "it" : "them"}
          </Button>
        }
      >
        <p>Shown once: when this is closed, nobody can see {opened.length === 1 ? "it" : "them"} again.</p>
        <ul className={styles["opened"]}>
          {opened.map((one) => (
            <li key={`${one.runId}-${one.ref}`}>
              <span>
                <Said>{one.name}</Said> on <Said>{one.appliance.name}</Said>
                {one.unsure === true && <strong> · may not be in force</strong>}
              </span>
              <Copy text={one.value} label={`Copy ${visible(one.name)}`} />
            </li>
          ))}
        </ul>
      </Dialog>
    </Panel>
  );
}

const openTries = 5;

/** With one key for all tries: an answer that was lost on the way is given again. */
async function openPersistently(taskId: string, { runId, ref }: RunSecretView): Promise<Opened> {
  const key = crypto.randomUUID();
  for (let tries = 1; ; tries += 1) {
    try {
      return await call(secretRoutes.openRunSecret, { params: { taskId, runId, secretRef: ref }, body: { key } });
    } catch (error) {
      if (!(error instanceof AppError) || !error.retryable || tries >= openTries) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(8_000, 500 * 2 ** tries)));
    }
  }
}
