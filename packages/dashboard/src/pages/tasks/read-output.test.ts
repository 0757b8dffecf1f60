import { sha256Hex as hash } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import type { RunOutputChunks } from "@steward/contracts/run";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createOutputReader, OutputMismatch } from "./read-output.ts";

async function packed(
  content: string | Uint8Array<ArrayBuffer>,
): Promise<{ bytes: number; sha256: string; gzip: string }> {
  const stream = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return { bytes: bytes.byteLength, sha256: hash(bytes), gzip: btoa(String.fromCharCode(...bytes)) };
}

/** A run's output as the API gives it: `perAnswer` chunks at a time, of those that are there by now. */
async function store(pieces: readonly string[], { perAnswer = 3, attempt = 1 } = {}) {
  const stored = await Promise.all(pieces.map(async (piece, number) => ({ number, ...(await packed(piece)) })));
  const whole = new TextEncoder().encode(pieces.join(""));
  const state = { there: stored.length, isOver: true, attempt };
  const asked: number[] = [];
  return {
    state,
    stored,
    asked,
    fetch: async (from: number): Promise<RunOutputChunks> => {
      asked.push(from);
      const known = stored.slice(0, state.there);
      const complete = state.isOver && state.there === stored.length;
      return {
        runId: "run_1",
        attempt: state.attempt,
        complete,
        count: known.length,
        storedBytes: known.reduce((sum, { bytes }) => sum + bytes, 0),
        chunks: known.slice(from, from + perAnswer),
        ...(complete ? { sha256: hash(whole), bytes: whole.byteLength } : {}),
      };
    },
  };
}

const signal = new AbortController().signal;
const read = (reader: ReturnType<typeof createOutputReader>) => reader.read(signal, () => undefined);

describe("an output in a browser", () => {
  test("comes out as it was printed, however it was cut, also in the middle of a letter", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1, maxLength: 12 }),
        async (lines) => {
          const text = lines.join("\n").toWellFormed();
          const bytes = new TextEncoder().encode(text);
          const middle = Math.floor(bytes.length / 2);
          const parts = [bytes.subarray(0, middle), bytes.subarray(middle)].filter(({ length }) => length > 0);
          const stored = await Promise.all(parts.map(async (part, number) => ({ number, ...(await packed(part)) })));
          const reader = createOutputReader(
            async (from) => ({
              runId: "run_1",
              attempt: 1,
              complete: true,
              count: stored.length,
              storedBytes: 1,
              chunks: stored.slice(from),
              sha256: hash(bytes),
              bytes: bytes.byteLength,
            }),
            { tail: false },
          );
          const { text: got, complete, checked } = await read(reader);
          // The decoder takes a byte order mark away, as it does everywhere.
          expect(got).toBe(text.replace(/^\ufeff/, ""));
          expect([complete, checked]).toEqual([true, "whole"]);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("is read on from where it was, as it grows", async () => {
    const run = await store(["one\n", "two\n", "three\n", "four\n", "five\n"], { perAnswer: 2 });
    run.state.there = 2;
    run.state.isOver = false;
    const reader = createOutputReader(run.fetch, { tail: true });
    expect(await read(reader)).toMatchObject({ text: "one\ntwo\n", complete: false });
    run.state.there = 5;
    run.state.isOver = true;
    expect(await read(reader)).toMatchObject({
      text: "one\ntwo\nthree\nfour\nfive\n",
      complete: true,
      checked: "whole",
    });
    expect(run.asked).toEqual([0, 2, 4]);
  });

  test("of a long one only the end is read, each piece of it checked", async () => {
    const run = await store(
      Array.from({ length: 400 }, (_, index) => `line ${index}\n`),
      { perAnswer: 100 },
    );
    const shown = await read(createOutputReader(run.fetch, { tail: true }));
    expect(shown).toMatchObject({ isCut: true, complete: true, checked: "pieces" });
    expect(shown.text.startsWith("line 300\n")).toBe(true);
    expect(shown.text.endsWith("line 399\n")).toBe(true);
    const whole = await read(createOutputReader(run.fetch, { tail: false }));
    expect(whole).toMatchObject({ isCut: false, complete: true, checked: "whole" });
  });

  test("nothing of a piece that was changed on the way is shown", async () => {
    const { gzip: harmful } = await packed("rm -rf /\n");
    for (const harm of [
      (run: Awaited<ReturnType<typeof store>>) => {
        run.stored[1]!.gzip = harmful;
      },
      (run: Awaited<ReturnType<typeof store>>) => {
        run.stored[1]!.bytes += 1;
      },
      (run: Awaited<ReturnType<typeof store>>) => {
        run.stored.splice(1, 1);
      },
    ]) {
      const run = await store(["one\n", "two\n", "three\n"]);
      harm(run);
      const seen: string[] = [];
      const reader = createOutputReader(run.fetch, { tail: false });
      await expect(reader.read(signal, ({ text }) => seen.push(text))).rejects.toBeInstanceOf(OutputMismatch);
      expect(seen.join("")).not.toContain("rm -rf");
    }
  });

  test("pieces that are each right and not the whole are found out", async () => {
    const run = await store(["one\n", "two\n"]);
    const reader = createOutputReader(async (from) => ({ ...(await run.fetch(from)), sha256: "0".repeat(64) }), {
      tail: false,
    });
    await expect(read(reader)).rejects.toBeInstanceOf(OutputMismatch);
  });

  test("what is no gzip is no output", async () => {
    const chunk = { number: 0, sha256: hash("not packed"), bytes: 10, gzip: btoa("not packed") };
    const reader = createOutputReader(
      async () => ({ runId: "run_1", attempt: 1, complete: true, count: 1, storedBytes: 10, chunks: [chunk] }),
      { tail: false },
    );
    await expect(read(reader)).rejects.toBeInstanceOf(OutputMismatch);
  });

  test("another attempt begins anew", async () => {
    const first = await store(["first\n"]);
    first.state.isOver = false;
    const second = await store(["second\n"], { attempt: 2 });
    let now = first;
    const reader = createOutputReader((from) => now.fetch(from), { tail: true });
    expect((await read(reader)).text).toBe("first\n");
    now = second;
    expect((await read(reader)).text).toBe("second\n");
  });

  test("a connection that breaks is gone on from; what is not there yet is nothing; what is gone is said", async () => {
    const run = await store(["one\n", "two\n"], { perAnswer: 1 });
    let fails = true;
    const reader = createOutputReader(
      async (from) => {
        if (from === 1 && fails) throw new AppError("unavailable", "away");
        return run.fetch(from);
      },
      { tail: false },
    );
    await expect(read(reader)).rejects.toMatchObject({ code: "unavailable" });
    fails = false;
    expect((await read(reader)).text).toBe("one\ntwo\n");
    const absent = createOutputReader(() => Promise.reject(new AppError("not_found", "no run")), { tail: true });
    expect(await read(absent)).toMatchObject({ text: "", complete: false });
    const expired = createOutputReader(
      async () => ({ runId: "run_1", attempt: 1, complete: true, expired: true, count: 0, storedBytes: 0, chunks: [] }),
      { tail: true },
    );
    expect(await read(expired)).toMatchObject({ complete: true, expired: true });
  });
});
