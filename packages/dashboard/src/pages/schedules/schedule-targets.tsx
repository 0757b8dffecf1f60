import { lastingSelector, placeOfSelector } from "../../ask/places.ts";
import { TargetsField } from "../../ask/targets-field.tsx";
import { useNodes } from "../../ask/use-places.ts";

export interface ScheduleTargetsProps {
  value: readonly string[];
  onChange: (targets: string[]) => void;
  error: string | undefined;
}

/** Whom a schedule is for: names, tags, or all, as its file says them. */
export function ScheduleTargets({ value, onChange, error }: ScheduleTargetsProps) {
  const { nodes } = useNodes("");
  return (
    <TargetsField
      label="On"
      value={value.map((target) => placeOfSelector(target, nodes))}
      onChange={(places) => onChange([...new Set(places.map(lastingSelector))])}
      error={error}
      hint="Who matches is found anew at each due time."
      takesNewTags
    />
  );
}
