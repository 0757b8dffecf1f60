import type { ScheduleView } from "@steward/contracts/schedule";
import { dueText, zoneOf } from "../../schedules/coming-times.ts";
import { approvalSaid, lastSaid, stepsWords } from "../../schedules/schedule-state.ts";
import { whenText, whenWords } from "../../schedules/when-words.ts";
import { Badge } from "../../ui/badge.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { ScheduleMenu } from "./schedule-menu.tsx";

type State = "active" | "paused";

const columns: readonly Column<ScheduleView>[] = [
  { id: "name", header: "Name", text: ({ name }) => name, cell: ({ name }) => name, width: 170 },
  {
    id: "when",
    header: "When",
    text: ({ definition }) => whenText(definition.when),
    cell: ({ definition }) => <span title={whenText(definition.when)}>{whenWords(definition.when)}</span>,
    width: 220,
    hideBelow: 520,
  },
  {
    id: "does",
    header: "Does",
    text: ({ definition }) => stepsWords(definition.steps).join("; "),
    cell: ({ definition }) => <Said mono>{stepsWords(definition.steps).join("; ")}</Said>,
    width: 260,
    hideBelow: 900,
  },
  {
    id: "on",
    header: "On",
    text: ({ definition }) => definition.targets.join(", "),
    cell: ({ definition }) => <Said>{definition.targets.join(", ")}</Said>,
    width: 140,
    hideBelow: 1000,
  },
  {
    id: "next",
    header: "Next",
    text: ({ status, next }) => (status === "paused" ? "" : (next[0] ?? "")),
    cell: (one) => <Next schedule={one} />,
    width: 110,
  },
  {
    id: "clock",
    header: "Next, on its clocks",
    text: ({ status, next }) => (status === "paused" ? "" : (next[0] ?? "")),
    cell: ({ status, next: [next], definition }) =>
      status === "paused" || next === undefined ? "" : dueText(Date.parse(next), zoneOf(definition.when)),
    width: 190,
    hideBelow: 1250,
  },
  {
    id: "last",
    header: "Last time",
    text: (one) => lastSaid(one).text,
    cell: (one) => {
      const { text, tone } = lastSaid(one);
      return <Badge tone={tone}>{text}</Badge>;
    },
    width: 150,
    hideBelow: 620,
  },
  {
    id: "approval",
    header: "Approval",
    text: (one) => approvalSaid(one, Date.now()).text,
    cell: (one) => {
      const { text, tone } = approvalSaid(one, Date.now());
      return <Badge tone={tone}>{text}</Badge>;
    },
    width: 140,
    hideBelow: 1100,
  },
  {
    id: "author",
    header: "Written by",
    text: ({ author }) => author.name,
    cell: ({ author }) => <Said>{author.name}</Said>,
    width: 130,
    optional: true,
  },
  { id: "do", header: "Do", text: () => "", cell: (one) => <ScheduleMenu schedule={one} />, width: 64 },
];

export function ScheduleTable({
  schedules,
  state,
  onState,
}: {
  schedules: readonly ScheduleView[];
  state: State | undefined;
  onState: (state: State | undefined) => void;
}) {
  return (
    <DataTable
      name="schedules"
      rows={schedules}
      rowId={({ id }) => id}
      rowTo={({ id }) => ({ to: "/schedules/$scheduleId", params: { scheduleId: id } })}
      toolbar={
        <SelectField<"" | State>
          label="State"
          quietLabel
          value={state ?? ""}
          onChange={(value) => onState(value === "" ? undefined : value)}
          options={[
            { value: "", label: "Active and paused" },
            { value: "active", label: "Active" },
            { value: "paused", label: "Paused" },
          ]}
        />
      }
      empty={`No schedule is ${state ?? "there"}.`}
      columns={columns}
    />
  );
}

function Next({ schedule: { status, next, definition } }: { schedule: ScheduleView }) {
  if (status === "paused") return <Badge tone="wait">Paused</Badge>;
  const [first] = next;
  if (first === undefined) return <span>never again</span>;
  return (
    <span title={dueText(Date.parse(first), zoneOf(definition.when))}>
      <Moment at={first} />
    </span>
  );
}
