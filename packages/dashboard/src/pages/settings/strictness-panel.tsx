import { risks } from "@steward/contracts/risk";
import { defaultCanaryFrom, defaultCanaryPercent, type TenantPolicy } from "@steward/contracts/tenant-policy";
import { CheckField, NumberField, SelectField } from "../../ui/fields.tsx";
import { Panel } from "../../ui/page.tsx";
import styles from "./settings.module.css";

interface NumberRule {
  field: "previewMinutes" | "maxBlastPercent" | "canaryFrom" | "maxCanaryPercent" | "outputDays";
  label: string;
  unit: string;
  hint: string;
  without: string;
  first: number;
  min: number;
  max: number;
}

const numberRules: readonly NumberRule[] = [
  {
    field: "previewMinutes",
    label: "A yes takes a preview",
    unit: "Not older than (minutes)",
    hint: "Of the very same plan.",
    without: "none is wanted",
    first: 60,
    min: 1,
    max: 1440,
  },
  {
    field: "maxBlastPercent",
    label: "A change reaches at most a share of the appliances",
    unit: "Percent",
    hint: "Of all that you have.",
    without: "any share",
    first: 25,
    min: 1,
    max: 100,
  },
  {
    field: "canaryFrom",
    label: "Changes begin with a canary earlier",
    unit: "From so many appliances on",
    hint: "It can only be less than Steward’s own.",
    without: `from ${defaultCanaryFrom} on`,
    first: 5,
    min: 2,
    max: defaultCanaryFrom,
  },
  {
    field: "maxCanaryPercent",
    label: "A canary is smaller",
    unit: "At most (percent of the targets)",
    hint: "One appliance always may be.",
    without: `at most ${defaultCanaryPercent}%`,
    first: 10,
    min: 1,
    max: defaultCanaryPercent,
  },
  {
    field: "outputDays",
    label: "Outputs are kept for a time of your own",
    unit: "Days",
    hint: "Then what machines printed is removed.",
    without: "as the installation keeps them",
    first: 90,
    min: 1,
    max: 3_650,
  },
];

/** How careful a change must be. */
export function StrictnessPanel({
  policy,
  onChange,
  mayChange,
}: {
  policy: TenantPolicy;
  onChange: (change: Partial<TenantPolicy>) => void;
  mayChange: boolean;
}) {
  return (
    <Panel title="How careful">
      <div className={styles["form"]}>
        <SelectField
          label="Another person approves from"
          value={policy.twoPersonFrom ?? "own"}
          disabled={!mayChange}
          onChange={(next) => onChange({ twoPersonFrom: next === "own" ? undefined : next })}
          options={[
            { value: "own", label: "high risk on (Steward’s own)" },
            ...risks.map((risk) => ({ value: risk, label: `${risk} risk on` })),
          ]}
          hint="Whoever asks never approves that alone."
        />
        {numberRules.map(({ field, label, unit, hint, without, first, min, max }) => {
          const value = policy[field];
          return (
            <div key={field} className={styles["strict"]}>
              <CheckField
                label={label}
                hint={`Otherwise: ${without}.`}
                checked={value !== undefined}
                disabled={!mayChange}
                onChange={(isOn) => onChange({ [field]: isOn ? first : undefined })}
              />
              {value === undefined ? null : (
                <NumberField
                  label={unit}
                  value={Number.isNaN(value) ? undefined : value}
                  disabled={!mayChange}
                  min={min}
                  max={max}
                  step={1}
                  hint={hint}
                  error={
                    Number.isInteger(value) && value >= min && value <= max
                      ? undefined
                      : `must be a whole number from ${min} to ${max.toLocaleString("en")}`
                  }
                  // An empty field is a number that is not there yet, and not "none".
                  onChange={(next) => onChange({ [field]: next ?? Number.NaN })}
                />
              )}
            </div>
          );
        })}
      </div>
    </Panel>
  );
}
