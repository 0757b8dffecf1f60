import type { WindowView } from "@steward/contracts/window";
import { expect, test } from "vitest";
import { inForce, localInput, momentOf } from "./in-force.ts";

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

test("a window that never comes again holds nothing", () => {
  const { changesAt: _, ...over } = night;
  expect(inForce([], [over])).toEqual([]);
});

test("a moment of an input is one of these clocks", () => {
  const at = Date.parse("2026-11-26T12:34:00Z");
  expect(momentOf(localInput(at))).toBe("2026-11-26T12:34:00.000Z");
  expect(momentOf("")).toBeUndefined();
});
