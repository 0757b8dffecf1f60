import { text } from "node:stream/consumers";
import { programAnswer } from "@steward/contracts/program-answer";

/** Runs a program that the CLI started, and prints its answer. */
export async function answerWith(run: () => Promise<unknown>): Promise<void> {
  const answer = await programAnswer(run);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.exitCode = "result" in answer ? 0 : 1;
}

/** What the CLI has to say that must not stand on a command line, where everybody could read it. */
export async function readInput(): Promise<unknown> {
  return JSON.parse(await text(process.stdin));
}
