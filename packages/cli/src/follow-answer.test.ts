import type { Client } from "@steward/contracts/client";
import type { TaskView } from "@steward/contracts/task";
import { expect, it } from "vitest";
import { followAnswer } from "./follow-answer.ts";
import type { Ui } from "./ui.ts";

const growing = { attempt: 1, offset: 0, text: "Open the Exp", length: 12 };
const asked = { id: "tsk_1", kind: "support", status: "thinking", version: 1 } as unknown as TaskView;

async function follow(end: object): Promise<{ printed: boolean; text: string; hints: string[] }> {
  const versions = [
    { ...asked, version: 2, growing },
    { ...asked, version: 3, status: "succeeded", ...end },
  ];
  let text = "";
  const hints: string[] = [];
  const ui = {
    json: false,
    progress: () => () => {},
    stream: async (words: string) => void (text += words),
    hint: (words: string) => hints.push(words),
    paint: { dim: (words: string) => words, yellow: (words: string) => words },
  } as unknown as Ui;
  const call = (async () => versions.shift()) as unknown as Client;
  const { printed } = await followAnswer(call, asked, ui, new AbortController().signal);
  return { printed, text, hints };
}

it("an answer that came out as it was written is printed to its end", async () => {
  const answer = { source: "model", text: "Open the Explorer [1].", citations: [] };
  expect(await follow({ answer })).toEqual({ printed: true, text: "Open the Explorer [1].\n", hints: [] });
});

it("where another one came out the first is taken back, and nothing is said of it that nobody has found", async () => {
  for (const source of ["model", "documentation"]) {
    const answer = { source, text: "Use Samba [1].", citations: [] };
    const { printed, hints } = await follow({ answer });
    expect(printed).toBe(false);
    expect(hints).toEqual(["What was written so far is not the answer. Forget it."]);
  }
});
