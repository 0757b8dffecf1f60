import type { AlertKind } from "@steward/contracts/alert";
import { conditionKinds } from "@steward/contracts/heartbeat";
import { maxOpenings, tooMany } from "./openings.ts";

const metrics: Readonly<Record<string, string>> = {
  cpuPercent: "the processors are busy",
  memoryPercent: "memory is short",
  diskPercent: "a disk is nearly full",
  loadAverage1m: "the load is high",
  [tooMany]: `it reports more than ${maxOpenings} new things an hour, and not all of them are shown`,
};

/** What an alert says, in a few words. `name`: the node's. */
export function summaryOf(
  alert: { kind: AlertKind; part?: string; nodes?: { silent: number; of: number } },
  name: string,
): string {
  switch (alert.kind) {
    case "offline":
      return `${name} is silent`;
    case "fleet-silent":
      return alert.nodes === undefined
        ? "many machines are silent at once"
        : `${alert.nodes.silent} of ${alert.nodes.of} machines are silent at once`;
    case "health": {
      const [kind = "", ...subject] = (alert.part ?? "").split(":");
      const known = metrics[kind] ?? (conditionKinds as Readonly<Record<string, string>>)[kind] ?? kind;
      return `${name}: ${known}${subject.length === 0 ? "" : ` (${subject.join(":")})`}`;
    }
  }
}
