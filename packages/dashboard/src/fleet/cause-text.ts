import { conditionKinds, type Metrics } from "@steward/contracts/heartbeat";
import { visible } from "../text.ts";

const metricNames = { cpuPercent: "CPU", memoryPercent: "memory", diskPercent: "disk", loadAverage1m: "load" } as const;

/** What a machine is not healthy for, in a few words: `disk at 97 %`, `a service has failed (nginx)`. */
export function causeText(part: string, metrics?: Metrics): string {
  const [kind = "", ...rest] = part.split(":");
  if (Object.hasOwn(metricNames, kind)) {
    const key = kind as keyof typeof metricNames;
    const value = metrics?.[key];
    if (value === undefined) return `${metricNames[key]} is high`;
    return key === "loadAverage1m" ? `load of ${value.toFixed(1)}` : `${metricNames[key]} at ${Math.round(value)} %`;
  }
  const known = Object.hasOwn(conditionKinds, kind)
    ? conditionKinds[kind as keyof typeof conditionKinds]
    : visible(kind);
  const subject = rest.join(":");
  return subject === "" ? known : `${known} (${visible(subject)})`;
}
