import { AppError } from "@steward/contracts/errors";
import { describe, expect, it } from "vitest";
import { exportLines } from "./export-lines.ts";

const pages: Record<string, { items: object[]; cursor?: string }> = {
  "": { items: [{ id: "a" }, { id: "b\nc" }], cursor: "one" },
  one: { items: [], cursor: "two" },
  two: { items: [{ id: "d" }] },
};
const read = (cursor: string | undefined) => Promise.resolve(pages[cursor ?? ""] ?? { items: [] });

describe("an export", () => {
  it("is one document a line, over pages that are empty too", async () => {
    const seen: number[] = [];
    const signal = new AbortController().signal;
    const lines = await exportLines(read, { onProgress: (records) => seen.push(records), signal });
    expect(lines.map((line) => JSON.parse(line))).toEqual([{ id: "a" }, { id: "b\nc" }, { id: "d" }]);
    expect(lines.every((line) => line.endsWith("\n") && !line.slice(0, -1).includes("\n"))).toBe(true);
    expect(seen).toEqual([2, 2, 3]);
  });

  it("asks again for a page that may come, and for no other", async () => {
    let calls = 0;
    const flaky = (cursor: string | undefined) => {
      calls += 1;
      if (calls === 2) return Promise.reject(new AppError("too_many_requests", "slow down", { retryAfterSeconds: 0 }));
      return read(cursor);
    };
    const signal = new AbortController().signal;
    expect(await exportLines(flaky, { onProgress: () => {}, signal })).toHaveLength(3);
    expect(calls).toBe(4);
    const refused = () => Promise.reject(new AppError("forbidden", "no"));
    await expect(exportLines(refused, { onProgress: () => {}, signal })).rejects.toThrow("no");
  });

  it("ends where it is stopped", async () => {
    const stop = new AbortController();
    const stopping = exportLines(read, { onProgress: () => stop.abort(), signal: stop.signal });
    await expect(stopping).rejects.toThrow();
  });
});
