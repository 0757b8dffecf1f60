import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** The program that leaves lines on an appliance's disk: `startSteward({executor: {program: countingPlaybook}})`. */
export const countingPlaybook = join(import.meta.dirname, "counting-playbook.sh");

/** One line on an appliance's disk: a step began there, or came to its end. */
export interface Effect {
  point: "start" | "end";
  /** It was to be taken back, not done. */
  undo: boolean;
  run: string;
  step: number;
  action: string;
  values: Record<string, unknown>;
}

const lineSchema = z.strictObject({ point: z.enum(["start", "end"]), arguments: z.string(), variables: z.string() });
const variablesSchema = z.object({
  steward: z.object({ run: z.string(), step: z.number(), action: z.string() }),
  values: z.record(z.string(), z.unknown()),
});
const customTags = [{ tag: "!unsafe", resolve: (text: string) => text }];

/** What was really done on the appliance with this folder, oldest first. */
export function readEffects(machineDir: string): Effect[] {
  const lines = readLines(join(machineDir, "effects"));
  return lines.map((line) => {
    const { point, arguments: words, variables } = lineSchema.parse(JSON.parse(line));
    const text = Buffer.from(variables, "base64").toString();
    const { steward, values } = variablesSchema.parse(parse(text, { customTags }));
    return { point, undo: words.includes("--tags undo"), values, ...steward };
  });
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
