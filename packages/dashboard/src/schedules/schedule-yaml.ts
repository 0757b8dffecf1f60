import { canonical } from "@steward/contracts/canonical";
import { type CreateSchedule, createScheduleSchema, type ScheduleView } from "@steward/contracts/schedule";

/**
 * Schedules as the file that `steward schedule apply` takes. What is as it is by itself is left out, so that the file says
 * what somebody meant. Texts are written as JSON writes them: YAML reads those as they are.
 */
export function scheduleYaml(schedules: readonly Pick<ScheduleView, "name" | "definition">[]): string {
  const list = schedules.map(({ name, definition }) => fieldsOf({ name, ...inOrder(definition) }, 2));
  const items = list.map((fields) => `  - ${fields.trimStart()}`);
  return `# steward schedule apply schedules.yaml\nversion: 1\nschedules:${items.length === 0 ? " []" : `\n${items.join("\n")}`}\n`;
}

function inOrder(definition: ScheduleView["definition"]): Partial<CreateSchedule> {
  const steps = definition.steps.map(({ action, variables }) => ({ action, variables }));
  return withoutDefaults({ ...definition, steps });
}

function withoutDefaults(definition: ScheduleView["definition"]): Partial<CreateSchedule> {
  const { when, steps, targets } = definition;
  const defaults: Record<string, unknown> = createScheduleSchema.parse({ name: "x", when, steps, targets });
  // In the order of the schema, in which people read it: the API's is the table's.
  const known: Record<string, unknown> = definition;
  return Object.fromEntries(
    Object.keys(createScheduleSchema.shape)
      .map((name) => [name, known[name]] as const)
      .filter(
        ([name, value]) => value !== undefined && (wanted.has(name) || canonical(value) !== textOf(defaults[name])),
      ),
  );
}

const wanted = new Set(["when", "steps", "targets"]);

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : canonical(value);
}

function fieldsOf(value: object, depth: number): string {
  const pad = "  ".repeat(depth);
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([name, one]) => `${pad}${keyOf(name)}:${inner(one, depth)}`)
    .join("\n");
}

function inner(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return " []";
    if (value.every((one) => typeof one !== "object")) return ` [${value.map(scalar).join(", ")}]`;
    const pad = "  ".repeat(depth + 1);
    return `\n${value.map((one: object) => `${pad}- ${fieldsOf(one, depth + 2).trimStart()}`).join("\n")}`;
  }
  if (typeof value === "object" && value !== null) {
    return Object.keys(value).length === 0 ? " {}" : `\n${fieldsOf(value, depth + 1)}`;
  }
  return ` ${scalar(value)}`;
}

const plain = /^[A-Za-z][A-Za-z0-9_.-]*$/;
/** What YAML, of one version or another, takes for something else than a text. */
const meansSomething = /^(y|yes|n|no|on|off|true|false|null)$/i;

function scalar(value: unknown): string {
  if (typeof value === "string" && plain.test(value) && !meansSomething.test(value)) return value;
  return JSON.stringify(value);
}

function keyOf(name: string): string {
  return scalar(name);
}
