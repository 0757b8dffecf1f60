import type { Health } from "@steward/contracts/heartbeat";
import { healthTerms, termOf, visible } from "../../../text.ts";
import { SelectField } from "../../../ui/fields.tsx";
import styles from "./list.module.css";
import { type Facet, type Note, type NodeChoice, notes, noteTerms } from "./node-choice.ts";

interface ChipsProps {
  facets: readonly Facet[];
  total: number;
  chosen: Health | undefined;
  onChoose: (health: Health | undefined) => void;
}

/** How the fleet is, at a glance; pressed, only those. */
export function HealthChips({ facets, total, chosen, onChoose }: ChipsProps) {
  return (
    <div className={styles["chips"]} role="group" aria-label="By health">
      <button
        type="button"
        className={styles["chip"]}
        aria-pressed={chosen === undefined}
        onClick={() => onChoose(undefined)}
      >
        All <strong>{total.toLocaleString("en")}</strong>
      </button>
      {facets.map(({ value, count }) => {
        const { text, tone } = termOf(healthTerms, value);
        const isChosen = chosen === value;
        return (
          <button
            key={value}
            type="button"
            className={styles["chip"]}
            aria-pressed={isChosen}
            onClick={() => onChoose(isChosen ? undefined : (value as Health))}
          >
            <span className={styles["dot"]} data-tone={tone} aria-hidden="true" />
            {text} <strong>{count.toLocaleString("en")}</strong>
          </button>
        );
      })}
    </div>
  );
}

interface FiltersProps {
  facets: { tags: readonly Facet[]; versions: readonly Facet[]; notes: readonly Facet[] };
  choice: NodeChoice;
  onChoose: (change: { [Name in keyof NodeChoice]?: NodeChoice[Name] | undefined }) => void;
}

/** More than these are found by typing. */
const mostListed = 300;

export function Filters({ facets, choice, onChoose }: FiltersProps) {
  const options = (all: string, list: readonly Facet[], chosen: string | undefined) => [
    { value: "", label: all },
    // What is chosen is there also when no machine is like that any more.
    ...(chosen === undefined || list.some(({ value }) => value === chosen)
      ? []
      : [{ value: chosen, label: visible(chosen) }]),
    ...list.slice(0, mostListed).map(({ value, count }) => ({ value, label: `${visible(value)} (${count})` })),
  ];
  const count = (note: Note) => facets.notes.find(({ value }) => value === note)?.count ?? 0;
  const worthChoosing = notes.filter((note) => count(note) > 0 || choice.note === note);
  return (
    <div className={styles["filters"]}>
      <SelectField
        label="Tag"
        quietLabel
        value={choice.tag ?? ""}
        onChange={(tag) => onChoose({ tag: tag === "" ? undefined : tag })}
        options={options("All tags", facets.tags, choice.tag)}
      />
      {(worthChoosing.length > 0 || choice.note !== undefined) && (
        <SelectField<Note | "">
          label="State"
          quietLabel
          value={choice.note ?? ""}
          onChange={(note) => onChoose({ note: note === "" ? undefined : note })}
          options={[
            { value: "", label: "All states" },
            ...worthChoosing.map((note) => ({ value: note, label: `${noteTerms[note].text} (${count(note)})` })),
          ]}
        />
      )}
      {(facets.versions.length > 1 || choice.version !== undefined) && (
        <SelectField
          label="Agent"
          quietLabel
          value={choice.version ?? ""}
          onChange={(version) => onChoose({ version: version === "" ? undefined : version })}
          options={options("All agents", facets.versions, choice.version)}
        />
      )}
    </div>
  );
}
