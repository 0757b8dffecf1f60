import { auditRoutes } from "@steward/contracts/routes/audit";
import type { TrailReport } from "@steward/contracts/verify-trail";
import { useCallback, useEffect, useRef, useState } from "react";
import { call } from "../../api/caller.ts";
import { type AuditMemory, fingerprintOf, recall, remember } from "../../audit/audit-memory.ts";
import { NotToBelieve, verifyHere, type Verified } from "../../audit/verify-here.ts";
import { countText, plural, visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Progress } from "../../ui/meter.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./audit.module.css";
import { entryPages, sealPages } from "./trail-pages.ts";

type State =
  | { kind: "running"; seals: number; entries: number }
  | { kind: "done"; verified: Verified; wasKnown: boolean }
  | { kind: "refused"; error: NotToBelieve }
  | { kind: "failed"; error: unknown };

export function VerifyPanel({
  tenantId,
  onClose,
  onEntry,
}: {
  tenantId: string;
  onClose: () => void;
  onEntry: (id: string) => void;
}) {
  const [state, setState] = useState<State>({ kind: "running", seals: 0, entries: 0 });
  const [given, setGiven] = useState("");
  const running = useRef<AbortController>(undefined);
  const start = useCallback(
    async (root?: string) => {
      running.current?.abort();
      const own = new AbortController();
      running.current = own;
      const tell = (next: State) => own.signal.aborted || setState(next);
      tell({ kind: "running", seals: 0, entries: 0 });
      const memory = recall(localStorage);
      if (memory === undefined) {
        tell({
          kind: "refused",
          error: new NotToBelieve(
            "What this browser remembered of the trail cannot be read",
            "It is not thrown away by itself: that is what somebody who rewrote a trail would want. Verify with the command line, then clear this site’s data.",
          ),
        });
        return;
      }
      const pinned = root ?? memory.root;
      try {
        const verified = await verifyHere(
          {
            tenantId,
            seals: sealPages((query) => call(auditRoutes.listSeals, { query, signal: own.signal })),
            entries: entryPages((query) => call(auditRoutes.listAudit, { query, signal: own.signal })),
            root: pinned,
            // What is remembered of one root says nothing of another.
            trustVersion: pinned === memory.root ? memory.trustVersion : undefined,
            known: memory.seals[tenantId],
          },
          Date.now,
          ({ seals, entries }) => tell({ kind: "running", seals, entries }),
        );
        if (own.signal.aborted) return;
        keep(memory, tenantId, verified);
        tell({ kind: "done", verified, wasKnown: pinned !== undefined });
      } catch (error) {
        tell(error instanceof NotToBelieve ? { kind: "refused", error } : { kind: "failed", error });
      }
    },
    [tenantId],
  );
  useEffect(() => {
    void start();
    return () => running.current?.abort();
  }, [start]);
  const root = fingerprintOf(given);
  return (
    <Panel
      title="Is the trail whole?"
      actions={
        <>
          {state.kind === "running" ? (
            <Button icon="stop" onClick={onClose}>
              Stop
            </Button>
          ) : (
            <Button icon="retry" onClick={() => void start()}>
              Again
            </Button>
          )}
          <IconButton label="Close" icon="close" onClick={onClose} />
        </>
      }
    >
      <div className={styles["verify"]}>
        <div aria-live="polite">
          <Told state={state} onRetry={() => void start()} onEntry={onEntry} />
        </div>
        <form
          className={styles["root"]}
          onSubmit={(event) => {
            event.preventDefault();
            if (root !== undefined) void start(root);
          }}
        >
          <TextField
            label="The root key’s fingerprint, as you know it"
            required={false}
            mono
            value={given}
            onChange={setGiven}
            placeholder="sha256, as steward bootstrap printed it"
            error={given.trim() === "" || root !== undefined ? undefined : "a fingerprint has 64 hexadecimal digits"}
          />
          <Button type="submit" disabled={root === undefined}>
            Hold it to this one
          </Button>
        </form>
        <p className={styles["soft"]}>
          The check runs in this browser. But the page itself came from the installation that it judges: whoever could
          change the trail and the page can also make it say that all is well. A program of your own cannot be talked
          round:
        </p>
        <Copy text={`steward audit verify --tenant ${tenantId}${root === undefined ? "" : ` --root ${root}`}`} />
      </div>
    </Panel>
  );
}

/** Only what was found to be right is remembered. */
function keep(memory: AuditMemory, tenantId: string, { report, root, trustVersion }: Verified): void {
  if (!report.ok || report.newest === undefined) return;
  const { sequence, hash } = report.newest;
  remember(localStorage, { root, trustVersion, seals: { ...memory.seals, [tenantId]: { sequence, hash } } });
}

function Told({ state, onRetry, onEntry }: { state: State; onRetry: () => void; onEntry: (id: string) => void }) {
  switch (state.kind) {
    case "running":
      return (
        <div className={styles["running"]}>
          <p>
            {state.entries > 0
              ? `${plural(state.seals, "seal")} are a chain. ${plural(state.entries, "entry", "entries")} held to them…`
              : `${plural(state.seals, "seal")} read…`}
          </p>
          <Progress label="Verifying the trail" />
        </div>
      );
    case "refused":
      return (
        <div className={styles["running"]} role="alert">
          <p>
            <Badge tone="bad">Not to be believed</Badge> <strong>{visible(state.error.message)}.</strong>
          </p>
          <p>{visible(state.error.next ?? "")}</p>
        </div>
      );
    case "failed":
      return <Problem error={state.error} onRetry={onRetry} />;
    case "done":
      return <Report {...state} onEntry={onEntry} />;
    default:
      return state satisfies never;
  }
}

const mostShown = 20;

function Report({
  verified: { report, root },
  wasKnown,
  onEntry,
}: {
  verified: Verified;
  wasKnown: boolean;
  onEntry: (id: string) => void;
}) {
  const { ok, findings, warnings, first, newest } = report;
  return (
    <div className={styles["running"]}>
      <p>
        <Badge tone={ok ? "good" : "bad"}>{ok ? "Whole" : "Not what was sealed"}</Badge> {counts(report)}
        {first !== undefined && newest !== undefined && (
          <>
            {" "}
            The oldest seal is from <Moment at={new Date(first.sealedAtMs).toISOString()} />, the newest from{" "}
            <Moment at={new Date(newest.sealedAtMs).toISOString()} />.
          </>
        )}
      </p>
      {findings.length > 0 && (
        <ul className={styles["findings"]}>
          {findings.slice(0, mostShown).map(({ kind, message, auditId }, index) => (
            <li key={index}>
              <Badge tone="bad">{kind}</Badge> <Said>{message}</Said>
              {auditId !== undefined && (
                <Button tone="quiet" onClick={() => onEntry(auditId)}>
                  Show it
                </Button>
              )}
            </li>
          ))}
          {findings.length > mostShown && <li>and {countText(findings.length - mostShown)} more</li>}
        </ul>
      )}
      {warnings.length > 0 && (
        <ul className={styles["findings"]}>
          {warnings.map((warning) => (
            <li key={warning}>
              <Badge tone="wait">look at it</Badge> <Said>{warning}</Said>
            </li>
          ))}
        </ul>
      )}
      <p className={styles["soft"]}>
        {wasKnown
          ? "The root key is the one that was known from before: "
          : "The root key is the one that the installation shows. Ask whoever keeps it whether this is its fingerprint; from now on this browser takes no other: "}
        <Copy text={root} label="Copy the fingerprint" />
      </p>
    </div>
  );
}

function counts({ seals, sealed, waiting }: TrailReport): string {
  const waits = waiting === 0 ? "" : `, ${countText(waiting)} wait for the next seal`;
  return `${plural(seals, "seal")} in one chain; ${plural(sealed, "entry is", "entries are")} what was sealed${waits}.`;
}
