import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { systemClock } from "@steward/node-client/clock";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Chunk, flushAfterMs, openOutput, readChunk, readSpool } from "./output-spool.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-spool-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const whole = async (chunks: Chunk[], from = dir) =>
  Buffer.concat(await Promise.all(chunks.map(async ({ number }) => gunzipSync(await readChunk(from, number)))));

describe("the output", () => {
  it("is whole and hashed, however it came, and reads back the same after a kill", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), async (writes) => {
        const folder = await mkdtemp(join(dir, "s-"));
        const output = await openOutput({ dir: folder, clock: systemClock });
        for (const bytes of writes) void output.write(bytes);
        const manifest = await output.close();
        const expected = Buffer.concat(writes);
        expect(manifest).toMatchObject({ bytes: expected.length, truncated: false });
        expect(manifest.sha256).toBe(createHash("sha256").update(expected).digest("hex"));
        expect((await whole(manifest.chunks, folder)).equals(expected)).toBe(true);
        expect(await readSpool(folder)).toEqual(manifest);
      }),
      { numRuns: 15 },
    );
  });

  it("leaves in megabytes when there is much, and is cut at its limit", async () => {
    const seen: Chunk[] = [];
    const output = await openOutput({
      dir,
      clock: systemClock,
      onChunk: (chunk) => seen.push(chunk),
      maxBytes: 2_500_000,
    });
    const data = randomBytes(3_000_000);
    void output.write(data);
    const manifest = await output.close();
    expect(seen).toHaveLength(3);
    expect(manifest).toMatchObject({ bytes: 2_500_000, truncated: true });
    expect((await whole(manifest.chunks)).equals(data.subarray(0, 2_500_000))).toBe(true);
  });

  it("leaves after half a second while it flows, without waiting for its end", async () => {
    let slept = 0;
    const clock = {
      ...systemClock,
      sleep: async (ms: number) => {
        slept = ms;
        await new Promise((resolve) => setImmediate(resolve));
      },
    };
    const first = Promise.withResolvers<Chunk>();
    const output = await openOutput({ dir, clock, onChunk: first.resolve });
    void output.write(new TextEncoder().encode("line\n"));
    expect((await first.promise).number).toBe(0);
    expect(slept).toBe(500);
    expect((await output.close()).chunks).toHaveLength(1);
  });

  it("of the longest run still has a small table of contents", () => {
    let chunks = 0;
    for (let ms = 0; flushAfterMs(chunks) !== Number.POSITIVE_INFINITY && ms < 1e9; ms += flushAfterMs(chunks))
      chunks += 1;
    expect(chunks + 256).toBeLessThan(1500);
  });
});
