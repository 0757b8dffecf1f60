import { requestIdSchema } from "@steward/contracts/request-id";
import { useEffect, useEffectEvent, useState } from "react";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { localInput, momentOf } from "../../windows/in-force.ts";
import styles from "./audit.module.css";
import type { AuditFilters } from "./route.ts";

/** What is often looked for; any other verb can be typed. */
const verbs = [
  "submit-task",
  "approve-plan",
  "reject-plan",
  "cancel-task",
  "create-schedule",
  "approve-schedule",
  "create-freeze",
  "end-freeze",
  "create-window",
  "confirm-node",
  "revoke-certificate",
  "invite-principal",
  "create-token",
  "set-secret",
  "denied-forbidden",
];

/** Asked for once somebody stopped typing: each letter is no question of its own. */
const settleMs = 400;

export function AuditFilterFields({
  filters,
  onChange,
  names,
}: {
  filters: AuditFilters;
  onChange: (filters: AuditFilters) => void;
  names: ReadonlyMap<string, string>;
}) {
  const [draft, setDraft] = useState(filters);
  const given = JSON.stringify(filters);
  // A link, or the button that takes them all away, says it anew.
  useEffect(() => setDraft(JSON.parse(given) as AuditFilters), [given]);
  const request = draft.request ?? "";
  const problem = request === "" || requestIdSchema.safeParse(request).success ? undefined : "is no id of a request";
  const settled = JSON.stringify(draft);
  const ask = useEffectEvent((next: AuditFilters) => onChange(next));
  useEffect(() => {
    if (settled === given || problem !== undefined) return;
    const timer = setTimeout(() => ask(JSON.parse(settled) as AuditFilters), settleMs);
    return () => clearTimeout(timer);
  }, [settled, given, problem]);
  const set = (name: keyof AuditFilters, value: string | undefined) =>
    setDraft(({ [name]: _before, ...rest }) =>
      value === undefined || value === "" ? rest : { ...rest, [name]: value },
    );
  const time = (name: "from" | "to", label: string) => (
    <TextField
      label={label}
      type="datetime-local"
      value={draft[name] === undefined ? "" : localInput(Date.parse(draft[name]))}
      onChange={(value) => set(name, momentOf(value))}
    />
  );
  return (
    <search className={styles["filters"]}>
      <TextField
        label="Who"
        value={draft.who ?? ""}
        onChange={(who) => set("who", idOf(who, names))}
        list={[...names.values(), "steward:reconcile"]}
        placeholder="anybody"
      />
      <TextField
        label="What"
        value={draft.what ?? ""}
        onChange={(what) => set("what", what.trim())}
        list={verbs}
        placeholder="anything"
      />
      <TextField
        label="On which record"
        value={draft.record ?? ""}
        onChange={(record) => set("record", record.trim())}
        placeholder="tsk_…, apl_…"
        mono
      />
      <TextField
        label="Request"
        value={request}
        onChange={(value) => set("request", value.trim())}
        placeholder="and all that came of it"
        error={problem}
        mono
      />
      {time("from", "From")}
      {time("to", "To")}
      {Object.keys(draft).length > 0 && (
        <Button tone="quiet" icon="close" onClick={() => onChange({})}>
          Without filters
        </Button>
      )}
    </search>
  );
}

/** Somebody's name stands for the id that the trail has. */
function idOf(text: string, names: ReadonlyMap<string, string>): string {
  const named = [...names].filter(([, name]) => name === text.trim());
  const [only] = named;
  return named.length === 1 && only !== undefined ? only[0] : text.trim();
}
