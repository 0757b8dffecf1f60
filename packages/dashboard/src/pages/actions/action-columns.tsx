import type { ActionKind } from "@steward/contracts/actions";
import { risks } from "@steward/contracts/risk";
import type { ActionView } from "@steward/contracts/views";
import { riskRange, undoText } from "../../plan/plan-text.ts";
import { RiskBadge } from "../../plan/risk-badge.tsx";
import { fieldsOf } from "../../schema-form/field.ts";
import { visible } from "../../text.ts";
import { Said } from "../../ui/said.tsx";
import type { Column } from "../../ui/table-rows.ts";

export const kindTitles: Record<ActionKind, string> = {
  state: "Brings about a state",
  command: "Does something once",
  read: "Only reads",
};

const variablesOf = (action: ActionView): string =>
  fieldsOf(action.variables)
    .map(({ name, required }) => (required ? name : `[${name}]`))
    .join(" ");

/** What the catalogue is shown by. */
export const actionColumns: readonly Column<ActionView>[] = [
  { id: "title", header: "Does", cell: ({ title }) => <Said>{title}</Said>, text: ({ title }) => title, width: 280 },
  {
    id: "id",
    header: "Action",
    cell: ({ id }) => <Said mono>{id}</Said>,
    text: ({ id }) => id,
    width: 190,
    hideBelow: 560,
  },
  {
    id: "kind",
    header: "Kind",
    cell: ({ kind }) => kindTitles[kind],
    text: ({ kind }) => kindTitles[kind],
    width: 150,
    hideBelow: 700,
  },
  {
    id: "risk",
    header: "Risk",
    cell: (action) => <Range action={action} />,
    text: (action) => {
      const { base, top } = riskRange(action);
      return risks.indexOf(top) * 3 + risks.indexOf(base);
    },
    width: 190,
  },
  {
    id: "undo",
    header: "Undo",
    cell: ({ undo, kind }) => undoText(undo, kind),
    text: ({ undo, kind }) => undoText(undo, kind),
    width: 130,
    hideBelow: 820,
  },
  {
    id: "variables",
    header: "Values",
    cell: (action) => <Said mono>{variablesOf(action)}</Said>,
    text: variablesOf,
    width: 220,
    hideBelow: 950,
  },
  {
    id: "examples",
    header: "In words",
    cell: ({ examples }) => visible(examples[0] ?? ""),
    text: ({ examples }) => examples.join("; "),
    width: 260,
    optional: true,
  },
  {
    id: "timeout",
    header: "Ends after",
    cell: ({ timeoutSeconds }) => `${timeoutSeconds} s`,
    text: ({ timeoutSeconds }) => timeoutSeconds,
    width: 90,
    align: "end",
    optional: true,
  },
];

function Range({ action }: { action: ActionView }) {
  const { base, top } = riskRange(action);
  return <RiskBadge risk={base} upTo={top} />;
}
