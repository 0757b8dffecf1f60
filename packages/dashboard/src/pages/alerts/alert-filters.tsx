import type { AlertKind, AlertStatus, Severity } from "@steward/contracts/alert";
import { Button } from "../../ui/button.tsx";
import { CheckField, SelectField } from "../../ui/fields.tsx";
import { alertKindNames } from "./alert-terms.ts";
import type { AlertsSearch } from "./alerts-search.ts";
import styles from "./alerts.module.css";

export function AlertFilters({
  search,
  change,
}: {
  search: AlertsSearch;
  change: (next: { [Key in keyof AlertsSearch]?: AlertsSearch[Key] | undefined }) => void;
}) {
  const isOver = search.status === "resolved";
  return (
    <div className={styles["filters"]}>
      <SelectField<Severity | "">
        label="Severity"
        quietLabel
        value={search.severity ?? ""}
        onChange={(value) => change({ severity: value === "" ? undefined : value })}
        options={[
          { value: "", label: "Any severity" },
          { value: "critical", label: "Critical" },
          { value: "warning", label: "Warning" },
        ]}
      />
      {isOver ? null : (
        <SelectField<AlertStatus | "">
          label="Status"
          quietLabel
          value={search.status ?? ""}
          onChange={(value) => change({ status: value === "" ? undefined : value })}
          options={[
            { value: "", label: "Open or acknowledged" },
            { value: "open", label: "Open" },
            { value: "acknowledged", label: "Acknowledged" },
          ]}
        />
      )}
      <SelectField<AlertKind | "">
        label="Kind"
        quietLabel
        value={search.about ?? ""}
        onChange={(value) => change({ about: value === "" ? undefined : value })}
        options={[
          { value: "", label: "Any kind" },
          ...(Object.keys(alertKindNames) as AlertKind[]).map((kind) => ({ value: kind, label: alertKindNames[kind] })),
        ]}
      />
      <CheckField
        label="behind silent gateways"
        checked={search.suppressed === true}
        onChange={(checked) => change({ suppressed: checked ? true : undefined })}
      />
      {search.node === undefined ? null : (
        <Button tone="quiet" icon="close" onClick={() => change({ node: undefined })}>
          Only one machine
        </Button>
      )}
    </div>
  );
}
