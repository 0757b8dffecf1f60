import { usualTemperature } from "@steward/contracts/defaults";
import type { FieldProblem } from "@steward/contracts/errors";
import { SelectField, TextAreaField, TextField } from "../../../ui/fields.tsx";
import { type ConfigDraft, problemAt } from "./config-draft.ts";
import styles from "./one.module.css";

interface ConfigFieldsProps {
  draft: ConfigDraft;
  problems: readonly FieldProblem[];
  /** It was enrolled with the doorbell ssm, and so can be called by it. */
  canRing: boolean;
  onChange: (draft: ConfigDraft) => void;
}

export function ConfigFields({ draft, problems, canRing, onChange }: ConfigFieldsProps) {
  const set = (change: Partial<ConfigDraft>) => onChange({ ...draft, ...change });
  const list = (
    name: "services" | "ignoreServices" | "certificates" | "filesystems",
    label: string,
    hint: string,
    placeholder: string,
  ) => (
    <TextAreaField
      label={label}
      value={draft[name]}
      onChange={(value) => set({ [name]: value })}
      hint={hint}
      placeholder={placeholder}
      rows={3}
      mono
      error={problemAt(problems, `watch.${name}`)}
    />
  );
  const yesNo = (name: "drives" | "updates", label: string) => (
    <SelectField
      label={label}
      value={draft[name]}
      onChange={(value) => set({ [name]: value })}
      options={[
        { value: "", label: "Told (as usual)" },
        { value: "yes", label: "Told" },
        { value: "no", label: "Not told" },
      ]}
    />
  );
  const temperatureProblem = problemAt(problems, "watch.temperature");
  return (
    <>
      <div className={styles["fields"]}>
        <TextField
          label="Seconds between two heartbeats"
          value={draft.interval}
          onChange={(interval) => set({ interval })}
          placeholder="as your organisation has it"
          hint="15 to 300"
          error={problemAt(problems, "intervalSeconds")}
        />
        <SelectField
          label="How it is called"
          value={draft.doorbell}
          onChange={(doorbell) => set({ doorbell })}
          options={[
            { value: "", label: "As it was enrolled" },
            { value: "pull", label: "With its heartbeat (pull)" },
            { value: "ssm", label: "At once (ssm)", disabled: !canRing },
          ]}
        />
        <SelectField
          label="What its agent logs"
          value={draft.logLevel}
          onChange={(logLevel) => set({ logLevel })}
          options={[
            { value: "", label: "As usual (info)" },
            { value: "info", label: "info" },
            { value: "debug", label: "debug: every heartbeat too" },
          ]}
        />
        {yesNo("drives", "Drives’ own diagnosis")}
        {yesNo("updates", "Waiting updates, restarts")}
        <TextField
          label="Too hot: warning, °C"
          value={draft.temperatureWarning}
          onChange={(temperatureWarning) => set({ temperatureWarning })}
          placeholder={String(usualTemperature.warning)}
          hint="For sensors without a limit of their own"
          error={temperatureProblem}
        />
        <TextField
          label="Too hot: critical, °C"
          value={draft.temperatureCritical}
          onChange={(temperatureCritical) => set({ temperatureCritical })}
          placeholder={String(usualTemperature.critical)}
        />
      </div>
      <div className={styles["fields"]}>
        {list(
          "services",
          "Services that must be active",
          "One a line. All others are told where they have failed.",
          "nginx\nsmbd",
        )}
        {list("ignoreServices", "Services of which nothing is told", "One a line", "snapd")}
        {list("certificates", "Certificates to watch", "PEM files, beside those that Steward made", "/etc/ssl/nas.pem")}
        {list("filesystems", "File systems to watch", "Mount points, beside the one with the state folder", "/srv")}
      </div>
    </>
  );
}
