import type { Lane } from "@steward/contracts/names";

/** Prompts up to this length are read in about a second by a small model on a small GPU. */
const expressPromptCharacters = 24_000;
const expressInstructionCharacters = 240;

/**
 * The lane of a plan by how long its answer will take: the prompt is read fast, each step is written slowly. One or two
 * steps fit `express`; `standard` takes the rest.
 */
export function predictLane(input: { promptCharacters: number; instruction: string }): Lane {
  const steps = 1 + (input.instruction.match(/,|;|\.\s|\n|\b(?:and|then|also|plus)\b/gi)?.length ?? 0);
  const isShort =
    input.promptCharacters <= expressPromptCharacters && input.instruction.length <= expressInstructionCharacters;
  return isShort && steps <= 2 ? "express" : "standard";
}
