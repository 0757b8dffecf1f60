import type { WindowView } from "@steward/contracts/window";
import { expect, test } from "vitest";
import { holdsAll, inForce, localInput, momentOf } from "./in-force.ts";

const base = {
  id: "win_1",
  name: "nights",
  when: { cron: "0 22 * * *", timeZone: "UTC", durationMinutes: 360 },
  createdAt: "2026-11-01T00:00:00Z",
  createdBy: "per_1",
};
const night: WindowView = { ...base, kind: "maintenance", open: false, changesAt: "2026-11-26T22:00:00Z" };
const other: WindowView = { ...night, id: "win_2", changesAt: "2026-11-26T20:00:00Z" };
const blackout: WindowView = { ...base, id: "win_3", kind: "blackout", open: true };

test("nothing in force is nothing", () => {
  expect(inForce([], [])).toEqual([]);
  expect(inForce([], [{ ...blackout, open: false }])).toEqual([]);
});

test("a freeze is told first, then what is black, then when changes may go on", () => {
  const freeze = { id: "frz_1", scope: "tenant" as const, reason: "moving", until: "2026-11-27T00:00:00Z" };
  expect(inForce([freeze], [night, blackout, other])).toEqual([
    { kind: "freeze", freeze },
    { kind: "blackout", window: blackout },
    { kind: "closed", windows: [night, other], opensAt: "2026-11-26T20:00:00Z" },
  ]);
  expect(inForce([], [night, { ...other, open: true }])).toEqual([
    { kind: "open", windows: [{ ...other, open: true }] },
  ]);
});

test("a window for a tag opens nothing for the others, and holds none of them", () => {
  const tagged: WindowView = { ...other, tags: ["site:berlin"] };
  const isOpen = { ...tagged, open: true };
  expect(inForce([], [night, isOpen])).toEqual([
    { kind: "closed", windows: [night], opensAt: "2026-11-26T22:00:00Z" },
    { kind: "open", windows: [isOpen] },
  ]);
  expect(holdsAll(inForce([], [night, isOpen]))).toBe(true);
  expect(holdsAll(inForce([], [tagged]))).toBe(false);
  expect(holdsAll(inForce([], [{ ...blackout, tags: ["site:berlin"] }]))).toBe(false);
  expect(holdsAll(inForce([], [blackout]))).toBe(true);
  expect(holdsAll(inForce([], [isOpen]))).toBe(false);
});

test("a window that never comes again holds nothing", () => {
  const { changesAt: _, ...over } = night;
  expect(inForce([], [over])).toEqual([]);
});

test("a moment of an input is one of these clocks", () => {
  const at = Date.parse("2026-11-26T12:34:00Z");
  expect(momentOf(localInput(at))).toBe("2026-11-26T12:34:00.000Z");
  expect(momentOf("")).toBeUndefined();
});
