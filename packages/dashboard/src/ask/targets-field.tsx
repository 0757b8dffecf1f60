import { Combobox } from "@base-ui/react/combobox";
import { useId, useState } from "react";
import { healthTerms, visible } from "../text.ts";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/icon.tsx";
import { type Place, tagPlace, tidy } from "./places.ts";
import styles from "./targets-field.module.css";
import { usePlaces } from "./use-places.ts";

export interface TargetsFieldProps {
  value: readonly Place[];
  onChange: (places: Place[]) => void;
  label?: string;
  error?: string | undefined;
  hint?: string;
  /** Takes a tag too that no appliance has yet. */
  takesNewTags?: boolean;
}

/** Where something is to be done: appliances, tags, or all of them, found as one types. */
export function TargetsField({ value, onChange, label = "Where", error, hint, takesNewTags }: TargetsFieldProps) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const { places, more, error: trouble, isPending } = usePlaces(typed);
  const typedTag = takesNewTags === true ? tagPlace(typed) : undefined;
  const items = withAll(withAll(places, value), typedTag === undefined ? [] : [typedTag]);
  const described = [error !== undefined && `${id}-error`, hint !== undefined && `${id}-hint`]
    .filter(Boolean)
    .join(" ");
  return (
    <Combobox.Root<Place, true>
      multiple
      items={items}
      filter={null}
      value={[...value]}
      onValueChange={(chosen, { reason }) => {
        // Escape closes what is open, and takes nothing back.
        if (reason === "escape-key") return;
        onChange(tidy(chosen));
        setTyped("");
      }}
      inputValue={typed}
      onInputValueChange={(text) => setTyped(text)}
      isItemEqualToValue={(one, other) => one.selector === other.selector}
      itemToStringLabel={(place) => place.label}
      itemToStringValue={(place) => place.selector}
      autoHighlight
    >
      <div className={styles["field"]}>
        <label htmlFor={id} className={styles["label"]}>
          {label}
        </label>
        <Combobox.InputGroup className={styles["box"]} data-bad={error !== undefined || undefined}>
          <Combobox.Chips className={styles["chips"]}>
            {value.map((place) => (
              <Combobox.Chip key={place.selector} className={styles["chip"]} aria-label={visible(place.label)}>
                <KindIcon kind={place.kind} />
                <span className={styles["chipText"]}>{visible(place.label)}</span>
                <Combobox.ChipRemove className={styles["remove"]} aria-label={`Remove ${visible(place.label)}`}>
                  <Icon name="close" size={12} />
                </Combobox.ChipRemove>
              </Combobox.Chip>
            ))}
            <Combobox.Input
              id={id}
              className={styles["input"]}
              placeholder={value.length === 0 ? "Appliance, tag, or all" : ""}
              aria-describedby={described === "" ? undefined : described}
              aria-invalid={error !== undefined || undefined}
              spellCheck={false}
            />
          </Combobox.Chips>
          <Combobox.Trigger className={styles["open"]} aria-label="Show appliances and tags">
            <Icon name="down" size={14} />
          </Combobox.Trigger>
        </Combobox.InputGroup>
        {hint !== undefined && (
          <p id={`${id}-hint`} className={styles["hint"]}>
            {hint}
          </p>
        )}
        {error !== undefined && (
          <p id={`${id}-error`} className={styles["error"]}>
            {error}
          </p>
        )}
      </div>
      <Combobox.Portal>
        <Combobox.Positioner className={styles["positioner"]} sideOffset={4} align="start">
          <Combobox.Popup className={styles["popup"]}>
            <Combobox.Status className={styles["status"]}>
              {trouble !== null
                ? "Appliances cannot be listed just now."
                : isPending
                  ? "Looking…"
                  : more
                    ? "There are more: type a part of the name."
                    : null}
            </Combobox.Status>
            <Combobox.Empty className={styles["status"]}>
              {isPending || trouble !== null ? null : "No appliance and no tag is called that."}
            </Combobox.Empty>
            <Combobox.List className={styles["list"]}>
              {(place: Place) => (
                <Combobox.Item key={place.selector} value={place} className={styles["item"]}>
                  <KindIcon kind={place.kind} />
                  <span className={styles["itemText"]}>{visible(place.label)}</span>
                  {place.health !== undefined && place.health !== "healthy" && (
                    <span className={classes(styles["health"], styles[healthTerms[place.health].tone])}>
                      {healthTerms[place.health].text}
                    </span>
                  )}
                  <Combobox.ItemIndicator className={styles["check"]}>
                    <Icon name="check" size={14} />
                  </Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}

const withAll = (places: readonly Place[], others: readonly Place[]) => [
  ...places,
  ...others.filter(({ selector }) => places.every((place) => place.selector !== selector)),
];

function KindIcon({ kind }: { kind: Place["kind"] }) {
  return <Icon name={kind === "appliance" ? "appliances" : kind === "tag" ? "filter" : "topology"} size={14} />;
}
