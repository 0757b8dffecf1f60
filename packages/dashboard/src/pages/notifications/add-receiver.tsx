import type { Severity } from "@steward/contracts/alert";
import { kindOfUrl, type NotificationEvent, notificationEvents } from "@steward/contracts/notification";
import { notificationRoutes } from "@steward/contracts/routes/notifications";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { visible } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { CheckField, SelectField, TextField } from "../../ui/fields.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { providerTenantId } from "@steward/contracts/ids";
import styles from "./notifications.module.css";
import { eventNames, nameOf, newDraft, problemsOf, type ReceiverDraft, receiverOf, urlOf } from "./receiver-draft.ts";

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const zones = [...new Set([here, "UTC", ...Intl.supportedValuesOf("timeZone")])];

export function AddReceiver({ onClose }: { onClose: () => void }) {
  const { tenantId } = useMe();
  const [draft, setDraft] = useState<ReceiverDraft>(() => newDraft(here));
  const [tried, setTried] = useState(false);
  const put = (change: Partial<ReceiverDraft>) => setDraft((before) => ({ ...before, ...change }));
  const make = useChange(notificationRoutes.createNotification, {
    refreshes: [notificationRoutes.listNotifications],
    says: ({ name, confirmed }) =>
      confirmed
        ? `${visible(name)} is told from now on`
        : `A code was sent to ${visible(name)}: give it back, and it is told`,
    onDone: onClose,
    quiet: true,
  });
  const problems = tried ? problemsOf(draft) : {};
  const save = () => {
    setTried(true);
    const body = receiverOf(draft);
    if (body !== undefined) void make.run({ body });
  };
  const kind = kindOfUrl(urlOf(draft.where));
  const suggested = nameOf(draft.where);
  // What only the provider's own receivers are told is no choice anywhere else.
  const offered = notificationEvents.filter((event) => event !== "task.escalated" || tenantId === providerTenantId);
  const escalationOnly = draft.events.size === 1 && draft.events.has("alert.escalated");
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title="Add a receiver"
      wide
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={make.isRunning} onClick={save}>
            Add
          </Button>
        </>
      }
    >
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <TextField
          label="Where"
          required
          autoFocus
          placeholder="https://hooks.example.org/steward, ops@example.org, or arn:aws:sns:…:steward-notices-…"
          value={draft.where}
          onChange={(where) => put({ where })}
          error={problems.where}
          hint={
            kind === "webhook"
              ? "A signed POST with JSON. What does not arrive is tried again for a day."
              : kind === "email"
                ? "A code is mailed there first; nothing else before it is given back."
                : kind === "sns"
                  ? "A code is published there first. The topic's policy must let Steward publish."
                  : "A webhook, an e-mail address, or an SNS topic."
          }
        />
        <TextField
          label="Name"
          required={false}
          maxLength={80}
          placeholder={suggested}
          value={draft.name}
          onChange={(name) => put({ name })}
        />
        <fieldset className={styles["events"]}>
          <legend>Told of</legend>
          <div className={styles["presets"]}>
            <Button tone="quiet" onClick={() => put({ events: new Set(notificationEvents) })}>
              Everything
            </Button>
            <Button tone="quiet" onClick={() => put({ events: startingWith("alert.") })}>
              Alerts
            </Button>
            <Button tone="quiet" onClick={() => put({ events: startingWith("task.") })}>
              Tasks
            </Button>
            <Button
              tone="quiet"
              aria-pressed={escalationOnly}
              onClick={() => put({ events: new Set(["alert.escalated"]) })}
            >
              Only alerts left alone
            </Button>
          </div>
          {offered.map((event) => (
            <CheckField
              key={event}
              label={eventNames[event].name}
              hint={eventNames[event].when}
              checked={draft.events.has(event)}
              onChange={(checked) => {
                const events = new Set(draft.events);
                if (checked) events.add(event);
                else events.delete(event);
                put({ events });
              }}
            />
          ))}
          {problems.events === undefined ? null : <p className={styles["error"]}>{problems.events}</p>}
        </fieldset>
        <SelectField<Severity | "">
          label="Alerts"
          value={draft.leastSeverity ?? ""}
          onChange={(value) => put({ leastSeverity: value === "" ? undefined : value })}
          options={[
            { value: "", label: "All" },
            { value: "critical", label: "Only critical ones" },
          ]}
        />
        <CheckField
          label="Quiet hours"
          hint="what comes meanwhile is held until they are over"
          checked={draft.quiet}
          onChange={(quiet) => put({ quiet })}
        />
        {draft.quiet ? (
          <div className={styles["quiet"]}>
            <TextField label="From" type="time" value={draft.begins} onChange={(begins) => put({ begins })} />
            <TextField
              label="Until"
              type="time"
              value={draft.ends}
              onChange={(ends) => put({ ends })}
              error={problems.quiet}
            />
            <SelectField
              label="Time zone"
              value={draft.timeZone}
              onChange={(timeZone) => put({ timeZone })}
              options={zones.map((zone) => ({ value: zone, label: zone }))}
            />
            <CheckField
              label="Critical and escalated alerts come all the same"
              checked={draft.exceptCritical}
              onChange={(exceptCritical) => put({ exceptCritical })}
            />
          </div>
        ) : null}
        <FieldProblems error={make.error} />
      </form>
    </Dialog>
  );
}

function startingWith(prefix: string): Set<NotificationEvent> {
  return new Set(notificationEvents.filter((event) => event.startsWith(prefix)));
}
