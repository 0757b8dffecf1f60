import { taskStatuses } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { describe, expect, it } from "vitest";
import { phaseOf, plainStatus } from "./phase.ts";

const me = "per_00000000000000000000000001" as TaskView["requestedBy"]["id"];
const task = (given: Partial<TaskView>): TaskView => ({
  id: "tsk_00000000000000000000000001" as TaskView["id"],
  tenantId: "ten_00000000000000000000000001" as TaskView["tenantId"],
  kind: "action",
  status: "running",
  version: 1,
  mode: "apply",
  requestedBy: { id: me, name: "Ann" },
  targets: [],
  createdAt: "2026-11-26T12:00:00.000Z",
  updatedAt: "2026-11-26T12:00:00.000Z",
  ...given,
});

describe("a request in plain words", () => {
  it("has words and a phase for every status", () => {
    for (const status of taskStatuses) {
      expect(plainStatus(task({ status }), me)).toMatch(/^[A-Z]/);
      expect(phaseOf({ status })).not.toBe("ask");
    }
  });

  it("counts what has ended while it runs", () => {
    const waves = [
      { wave: 1, total: 1, counts: { succeeded: 1 } },
      { wave: 2, total: 4, counts: { running: 2, failed: 1 } },
    ];
    expect(plainStatus(task({ waves, targetCount: 5 }), me)).toBe("Being done: 2 of 5 appliances");
    expect(plainStatus(task({ targetCount: 5 }), me)).toBe("Being done");
  });

  it("says whose yes it waits for", () => {
    const gate = { decision: "needs_approval" as const, approver: "other" as const, reasons: [] };
    expect(plainStatus(task({ status: "awaiting_approval", gate }), me)).toBe("Waits for somebody else’s yes");
    expect(plainStatus(task({ status: "awaiting_approval", gate }), "per_2")).toBe("Waits for an approver’s yes");
    expect(plainStatus(task({ status: "awaiting_approval" }), me)).toBe("Waits for your yes");
  });
});
