import fc from "fast-check";
import { expect, it } from "vitest";
import { type DraftState, growDraft, growingSince } from "./grow-answer.ts";

const whose = { tenantId: "ten_1", taskId: "tsk_1", expiresAtMs: 1 };
const fine = () => undefined;

it("holds exactly what the newest attempt wrote, whatever is lost, repeated, overlaps or comes late", () => {
  const text = fc.stringMatching(/^[a-z ]{1,200}$/);
  const pieces = fc.array(
    fc.record({ from: fc.nat(200), length: fc.integer({ min: 1, max: 60 }), old: fc.boolean() }),
    {
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(text, text, pieces, (first, second, list) => {
      let draft: DraftState | undefined;
      for (const { from, length, old } of [{ from: 0, length: 5, old: true }, ...list]) {
        const written = old ? first : second;
        const offset = Math.min(from, written.length - 1);
        const before = draft;
        const attempt = old ? 1 : 2;
        draft = growDraft(draft, { ...whose, attempt, offset, delta: written.slice(offset, offset + length) }, fine);
        const own = draft.attempt === 1 ? first : second;
        expect(own.startsWith(draft.text)).toBe(true);
        expect(draft.taken).toBe(draft.text.length);
        if (before !== undefined && draft !== before) expect(draft.version).toBe(before.version + 1);
        if (before?.attempt === draft.attempt) expect(draft.taken).toBeGreaterThanOrEqual(before.taken);
        if (before !== undefined) expect(draft.attempt).toBeGreaterThanOrEqual(before.attempt);
      }
    }),
  );
});

it("is bounded, and stops being shown where something comes that must not be", () => {
  const piece = { ...whose, attempt: 1, offset: 0, delta: "x ".repeat(20_000) };
  expect(growDraft(undefined, piece, fine).text.length).toBe(16_384);
  const begun = growDraft(undefined, { ...piece, delta: "good words " }, fine);
  const refuse = (text: string) => (text.includes("bad") ? "bad" : undefined);
  const stopped = growDraft(begun, { ...piece, offset: 11, delta: "bad words" }, refuse);
  expect(stopped).toMatchObject({ text: "good words ", taken: 20, stopped: "bad" });
  // It is counted on, so that the worker does not send it again, and never shown.
  expect(growDraft(stopped, { ...piece, offset: 20, delta: " fine" }, refuse)).toMatchObject({
    text: "good words ",
    taken: 25,
  });
});

it("is told in whole words from where a reader is, without the line that is no part of the answer", () => {
  const draft = growDraft(
    undefined,
    { ...whose, attempt: 3, offset: 0, delta: "Open the Explorer [1].\nPROPOSAL: add" },
    fine,
  );
  expect(growingSince(draft, 0)).toMatchObject({
    attempt: 3,
    offset: 0,
    text: expect.stringMatching(/^Open the Explorer/),
  });
  expect(growingSince(draft, 0).text).not.toContain("PROPOSAL");
  expect(growingSince(draft, 9)).toMatchObject({ offset: 9 });
  expect(growingSince(draft, 500).text).toBe("");
});
