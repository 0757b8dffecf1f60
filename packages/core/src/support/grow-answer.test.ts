import fc from "fast-check";
import { expect, it } from "vitest";
import { type DraftState, growDraft, growingSince } from "./grow-answer.ts";

const whose = { tenantId: "ten_1", taskId: "tsk_1", jobId: "job_1", expiresAtMs: 1 };
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
        expect(draft.text).toMatch(/^$|\s$/);
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

const long = "https://evil.example/".padEnd(400, "x");
const token = `sk-ant-${"a1B2".repeat(100)}`;
it.each([
  ["an address", long],
  ["a secret", token],
])("shows and keeps nothing of %s that is longer than any word, in one piece or two", (_, word) => {
  const refuse = (text: string) => (text.includes(word.slice(0, 20)) ? "made up" : undefined);
  const shownOf = (draft: DraftState) => growingSince(draft, 0).text;
  const whole = growDraft(undefined, { ...whose, attempt: 1, offset: 0, delta: `See ${word} for more` }, refuse);
  expect(whole).toMatchObject({ text: "", stopped: "made up" });
  const first = growDraft(undefined, { ...whose, attempt: 1, offset: 0, delta: `See ${word.slice(0, 390)}` }, refuse);
  // The worker is told that the half of a word is not taken, and sends it again with the rest.
  expect(first).toMatchObject({ text: "See ", taken: 4 });
  expect(first.stopped).toBeUndefined();
  expect(shownOf(first)).toBe("See");
  const second = growDraft(first, { ...whose, attempt: 1, offset: 4, delta: `${word} for more` }, refuse);
  expect(second).toMatchObject({ text: "See ", stopped: "made up" });
  expect(shownOf(second)).toBe("See");
  // As older releases kept it, with the half of a word in it.
  const older = { ...first, text: `See ${word}`, taken: 4 + word.length };
  expect(shownOf(older)).toBe("See");
  const stopped = growDraft(older, { ...whose, attempt: 1, offset: older.taken, delta: " for more" }, refuse);
  expect(stopped).toMatchObject({ text: "See ", stopped: "made up" });
});

it("begins anew with another job, whose attempts a reader tells from those before", () => {
  const piece = { ...whose, attempt: 1, offset: 0, delta: "The old answer says this. " };
  const old = growDraft(undefined, { ...piece, attempt: 2 }, fine);
  const anew = growDraft(old, { ...piece, jobId: "job_2", delta: "The new one " }, fine);
  expect(anew).toMatchObject({ jobId: "job_2", text: "The new one ", taken: 12, version: 2 });
  expect(growingSince(old, 0).attempt).toBe(2);
  expect(growingSince(anew, 0).attempt).toBe(3);
  // A gap after the new job's first piece that is lost, and a late piece of the old one.
  expect(growDraft(old, { ...piece, jobId: "job_2", offset: 26, delta: "more " }, fine)).toBe(old);
  expect(growDraft(anew, { ...piece, attempt: 9, offset: 12, delta: "more " }, fine)).toBe(anew);
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
  const text = "Open the Explorer [1].\n\nPROPOSAL: add user vera\n";
  let grown: DraftState | undefined;
  let seen = "";
  for (let offset = 0; offset < text.length; offset += 1) {
    grown = growDraft(
      grown,
      { ...whose, attempt: 1, offset: grown?.taken ?? 0, delta: text.slice(grown?.taken ?? 0, offset + 1) },
      fine,
    );
    const now = growingSince(grown, seen.length);
    expect(now.offset).toBe(seen.length);
    seen += now.text;
  }
  expect(seen).toBe("Open the Explorer [1].");
});
