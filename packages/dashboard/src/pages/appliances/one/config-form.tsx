import type { ApplianceConfig, ConfigView } from "@steward/contracts/appliance-config";
import type { AppError } from "@steward/contracts/errors";
import type { NodeView } from "@steward/contracts/node";
import { configurationRoutes } from "@steward/contracts/routes/configuration";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import type { GateResult } from "@steward/contracts/task";
import { useState } from "react";
import { useChange } from "../../../api/use-api.ts";
import { visible } from "../../../text.ts";
import { Button } from "../../../ui/button.tsx";
import { TextAreaField, TextField } from "../../../ui/fields.tsx";
import { FieldProblems } from "../../../ui/problem.tsx";
import { Changes } from "./changes.tsx";
import { type ConfigDraft, configOf, draftOf, type Read, readJson } from "./config-draft.ts";
import { ConfigFields } from "./config-fields.tsx";
import styles from "./one.module.css";

interface ConfigFormProps {
  node: NodeView;
  view: ConfigView;
  /** An earlier one, to begin with. */
  wanted?: { config: ApplianceConfig; of: number };
  onDone: () => void;
}

type Draft = { fields: ConfigDraft } | { json: string };

const asText = (config: ApplianceConfig) => JSON.stringify(config, null, 2);

/** What is to be; what that changes is shown before it is saved, and what the gate says to it where it was asked. */
export function ConfigForm({ node, view, wanted, onDone }: ConfigFormProps) {
  const [draft, setDraft] = useState<Draft | undefined>(
    wanted === undefined ? undefined : { fields: draftOf(wanted.config) },
  );
  /** The revision that the draft was begun on: another one since then is a conflict, and not overwritten. */
  const [base, setBase] = useState(wanted === undefined ? undefined : view.revision);
  const put = useChange(configurationRoutes.putConfig, {
    quiet: true,
    says: ({ revision }) => `Revision ${revision}: ${visible(node.name)} takes it up with its next heartbeat.`,
    refreshes: [configurationRoutes.getConfig, configurationRoutes.listConfigRevisions, nodeRoutes.getNode],
    onDone: () => discard(),
  });
  const edit = (next: Draft) => {
    setBase(base ?? view.revision);
    setDraft(next);
    put.reset();
  };
  const discard = () => {
    setDraft(undefined);
    setBase(undefined);
    put.reset();
    onDone();
  };
  const current: Draft = draft ?? { fields: draftOf(view.config) };
  const read: Read = "json" in current ? readJson(current.json) : configOf(current.fields);
  const isDraft = draft !== undefined;
  const save = (more: { confirm?: boolean; confirmation?: string } = {}) => {
    if (read.config === undefined || !isDraft) return;
    void put.run({
      params: { nodeId: node.id },
      body: { config: read.config, revision: base ?? view.revision, ...more },
    });
  };
  const gate = put.error?.details?.["gate"] as GateResult | undefined;
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      {wanted !== undefined && <p role="status">This is revision {wanted.of} again. It counts once it is saved.</p>}
      {"json" in current ? (
        <TextAreaField
          label="The whole configuration as JSON"
          value={current.json}
          onChange={(json) => edit({ json })}
          rows={14}
          mono
          hint="Also what steward config get --json has printed."
          error={
            read.problems.length === 0
              ? undefined
              : read.problems.map(({ path, message }) => `${path} ${message}`.trim()).join("; ")
          }
        />
      ) : (
        <ConfigFields
          draft={current.fields}
          problems={read.problems}
          canRing={node.doorbell === "ssm" || view.config.doorbell !== undefined}
          onChange={(fields) => edit({ fields })}
        />
      )}
      {isDraft && read.config !== undefined && (
        <div>
          <h3>What changes</h3>
          <Changes before={view.config} after={read.config} />
        </div>
      )}
      {isDraft && base !== undefined && base !== view.revision && (
        <p role="status" className={styles["soft"]}>
          Meanwhile somebody has saved revision {view.revision}. What changes is shown against that; saving asks you to
          look again.
        </p>
      )}
      {put.error !== null &&
        (gate === undefined ? (
          <>
            <FieldProblems error={put.error} />
            {put.error.code === "conflict" && (
              <div>
                <Button
                  onClick={() => {
                    setBase(view.revision);
                    put.reset();
                  }}
                >
                  I have looked: on top of revision {view.revision}
                </Button>
              </div>
            )}
          </>
        ) : (
          <Yes gate={gate} error={put.error} name={node.name} busy={put.isRunning} onYes={save} />
        ))}
      <div className={styles["buttons"]}>
        <Button type="submit" tone="primary" busy={put.isRunning} disabled={!isDraft || read.config === undefined}>
          Save configuration
        </Button>
        {isDraft && <Button onClick={discard}>Discard</Button>}
        <Button
          tone="quiet"
          disabled={read.config === undefined}
          onClick={() => {
            if (read.config === undefined) return;
            const next: Draft = "json" in current ? { fields: draftOf(read.config) } : { json: asText(read.config) };
            edit(next);
          }}
        >
          {"json" in current ? "As a form" : "As JSON"}
        </Button>
      </div>
    </form>
  );
}

interface YesProps {
  gate: GateResult;
  error: AppError;
  name: string;
  busy: boolean;
  onYes: (more: { confirm?: boolean; confirmation?: string }) => void;
}

/** The gate wants a word first: whose, and how it is given. */
function Yes({ gate, error, name, busy, onYes }: YesProps) {
  const [typed, setTyped] = useState("");
  const ownYes = gate.decision === "needs_approval" && gate.approver === "requester";
  const retype = gate.decision === "needs_approval" && gate.approver === "retype";
  return (
    <div className={styles["yes"]} role="alert">
      <strong>{ownYes || retype ? "Your rules want a yes for this" : "Your rules refuse this"}</strong>
      <ul>
        {gate.reasons
          .filter(({ decision }) => decision !== "allow")
          .map(({ rule, why }) => (
            <li key={rule + why}>{visible(why)}</li>
          ))}
      </ul>
      {retype && <TextField label={`Type ${visible(name)} to say yes`} value={typed} onChange={setTyped} mono />}
      {ownYes || retype ? (
        <div>
          <Button
            tone="primary"
            busy={busy}
            disabled={retype && typed.trim() !== name}
            onClick={() => onYes(retype ? { confirmation: typed.trim() } : { confirm: true })}
          >
            Yes, change it
          </Button>
        </div>
      ) : (
        error.next !== undefined && <p className={styles["soft"]}>{visible(error.next)}</p>
      )}
    </div>
  );
}
