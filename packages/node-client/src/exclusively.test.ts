import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { exclusively } from "./exclusively.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steward-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.runIf(process.platform === "linux")(
  "lets one in at a time, and the next one after its end or its failure",
  async () => {
    const path = join(folder, "lock");
    const inside = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const first = exclusively(path, async () => {
      inside.resolve();
      await end.promise;
      throw new Error("it failed");
    });
    await inside.promise;
    await expect(exclusively(path, async () => "second")).rejects.toMatchObject({ code: "conflict" });
    end.resolve();
    await expect(first).rejects.toThrow("it failed");
    expect(await exclusively(path, async () => "third")).toBe("third");
  },
);
