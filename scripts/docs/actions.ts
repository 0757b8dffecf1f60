import { catalogue } from "@steward/catalogue/catalogue";
import type { Action } from "@steward/contracts/actions";
import { z } from "zod";

/** `docs/actions.md`: what Steward may do on an appliance, from the manifests that the releases are made of. */
export function actionsDoc(): string {
  const groups = new Map<string, Action[]>();
  for (const action of catalogue) {
    const group = action.id.split(".")[0] ?? "";
    groups.set(group, [...(groups.get(group) ?? []), action]);
  }
  return [
    "# Actions",
    "",
    "Made by `npm run docs` from [packages/catalogue/src/actions](../packages/catalogue/src/actions). Change it there.",
    "",
    "Steward does on an appliance what stands here, and nothing else. Ask in words, or name an action:",
    "",
    "```",
    'steward ask "lock the account of anna" --on acme-berlin-01',
    "steward actions run users.lock username=anna --on acme-berlin-01",
    "```",
    "",
    "A **state** is brought about: where it is so already nothing changes, and an undo brings back what was there. A **read**",
    "changes nothing. A **command** happens each time; what cannot be undone says so, and is at least `medium`. The risk decides",
    "who has to approve ([gate.md](gate.md)); certain values raise it.",
    "",
    ...[...groups].flatMap(([group, actions]) => [`## ${group}`, "", ...table(actions), ...actions.flatMap(section)]),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}

function table(actions: readonly Action[]): string[] {
  const head = ["action", "what it does", "kind", "risk", "undo"];
  const rows = actions.map((action) => [
    `[\`${action.id}\`](#${action.id.replaceAll(".", "")})`,
    action.title,
    action.kind,
    riskCell(action),
    undoCell(action),
  ]);
  const widths = head.map((cell, at) => Math.max(cell.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ""];
}

function riskCell({ risk }: Action): string {
  const raised = [...new Set(risk.rules.map((rule) => rule.risk))].filter((one) => one !== risk.base);
  return raised.length === 0 ? risk.base : `${risk.base}, up to ${raised.includes("high") ? "high" : raised[0]}`;
}

function undoCell({ kind, undo }: Action): string {
  if (kind === "read") return "nothing to undo";
  return undo === "recorded" ? "yes" : "no";
}

function section(action: Action): string[] {
  const variables = Object.entries(propertiesOf(action));
  return [
    `### ${action.id}`,
    "",
    `${action.title}.`,
    "",
    ...(variables.length === 0
      ? ["It takes no values.", ""]
      : [...variables.map(([name, one]) => variable(action, name, one)), ""]),
    ...facts(action).map((fact) => (fact.startsWith("`") ? `  - ${fact}` : `- ${fact}`)),
    "",
    ...(action.examples.length === 0
      ? []
      : [
          "Say:",
          "",
          ...action.examples.slice(0, 4).map((example) => `- ${example.replace(/\{(\w+)\}/g, "_$1_")}`),
          "",
        ]),
  ];
}

interface Property {
  type?: string;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  items?: Property;
}

function propertiesOf(action: Action): Record<string, Property> {
  const schema = z.toJSONSchema(action.variables, { io: "input", unrepresentable: "any" });
  return (schema.properties ?? {}) as Record<string, Property>;
}

function variable(action: Action, name: string, property: Property): string {
  const isRequired = !action.variables.shape[name]?.safeParse(undefined).success;
  const hint = action.hints[name];
  const of = property.type === "array" ? `list of up to ${property.maxItems ?? "any number of"}` : typeOf(property);
  const said = messageOf(action, name);
  const flags = (hint?.flagWords ?? []).map((word) => `"${word}"`).join(", ");
  const parts = [
    `- \`${name}\` (${of}${isRequired ? "" : ", optional"}): ${hint?.question ?? ""}`,
    ...(said === undefined ? [] : [said]),
    ...(property.maxLength === undefined || said !== undefined ? [] : [`Up to ${property.maxLength} characters.`]),
    ...(flags === "" ? [] : [`Also said as ${flags}.`]),
    ...(hint?.secret === true ? ["A reference to a secret, never its value."] : []),
  ];
  const pattern = (property.items ?? property).pattern;
  // The whole pattern of a name is a page of what nobody may be called.
  if (pattern !== undefined && pattern.length <= 90) parts.push(`Pattern: \`${pattern}\`.`);
  return parts.join(" ").trim();
}

function typeOf(property: Property): string {
  if (property.enum !== undefined) return property.enum.map((one) => `\`${String(one)}\``).join(" or ");
  if (property.type === "boolean") return "yes or no";
  if (property.type === "integer" || property.type === "number")
    return `number from ${property.minimum ?? "any"} to ${property.maximum ?? "any"}`;
  return "text";
}

/** In the schema's own words: what it says to a value that fits nothing. */
function messageOf(action: Action, name: string): string | undefined {
  const field = action.variables.shape[name];
  if (field === undefined) return undefined;
  const schema = field as z.ZodType;
  for (const value of ["\u0000", ["\u0000"]]) {
    const [issue] = schema.safeParse(value).error?.issues ?? [];
    if (issue !== undefined && issue.message.startsWith("must ")) {
      return `It ${issue.message}.`;
    }
  }
  return undefined;
}

function facts(action: Action): string[] {
  const { risk } = action;
  const minutes = action.timeoutSeconds / 60;
  return [
    `Kind: ${action.kind}. Risk: \`${risk.base}\`${risk.rules.length === 0 ? "" : ", raised by its values:"}`,
    ...risk.rules.map((rule) => `\`${rule.risk}\` ${condition(rule)}: ${rule.why}`),
    undoLine(action),
    ...(action.requires.length === 0
      ? []
      : [`Requires: ${action.requires.map((id) => `\`${id}\``).join(", ")}, before it or as an earlier step.`]),
    ...(action.generates === undefined
      ? []
      : [
          `Makes a ${action.generates.join(" and a ")} on the appliance, which its recipient opens once (\`steward secrets open <task>\`).`,
        ]),
    ...(action.id === "shell.run"
      ? ["Off: a plan with it is refused unless the tenant's policy lists exactly this command ([gate.md](gate.md))."]
      : []),
    ...(action.byNameOnly === true ? ["By name only: no words lead to it, and no model is offered it."] : []),
    `Takes at most ${minutes >= 1 ? `${minutes} min` : `${action.timeoutSeconds} s`}.`,
  ];
}

function condition(rule: Action["risk"]["rules"][number]): string {
  if (rule.pattern === undefined) return `with any \`${rule.variable}\``;
  return rule.pattern.length <= 120
    ? `where \`${rule.variable}\` matches \`${rule.pattern}\``
    : `for some values of \`${rule.variable}\``;
}

function undoLine(action: Action): string {
  if (action.kind === "read") return "Undo: nothing to undo.";
  return action.undo === "recorded"
    ? "Undo: from what was recorded on the appliance before the change; what somebody has changed since is left alone."
    : "Undo: none. It cannot be undone.";
}
