import { forRequest, goOnFor } from "@steward/control/request-scope";
import { expect, it, vi } from "vitest";
import { createLog } from "./log.ts";

it("each line says for which request it is, as far as that is known", async () => {
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  const log = createLog("dispatch", "test");
  log("info", "before");
  await forRequest(undefined, async () => {
    log("info", "not known yet");
    goOnFor("4bf92f3577b34da6a3ce929d0e0e4736");
    await Promise.resolve();
    log("warn", "known", { rolloutId: "rol_1" });
    log("info", "said otherwise", { requestId: "another" });
  });
  log("info", "after");
  vi.restoreAllMocks();
  const lines = written.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ event, requestId }) => [event, requestId])).toEqual([
    ["before", undefined],
    ["not known yet", undefined],
    ["known", "4bf92f3577b34da6a3ce929d0e0e4736"],
    ["said otherwise", "another"],
    ["after", undefined],
  ]);
  expect(lines[0]).not.toHaveProperty("requestId");
});
