import {
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
} from "@steward/functions/definitions";
import { componentName, isLive } from "./platform.ts";

/** What runs by the clock. A turn that could not start is not made up for: the next one does the same. */
export function schedule(functions: Readonly<Record<FunctionName, sst.aws.Function>>): void {
  const definitions: Record<FunctionName, FunctionDefinition> = functionDefinitions;
  for (const name of functionNames) {
    const { trigger } = definitions[name];
    if (trigger.kind !== "schedule") continue;
    new sst.aws.CronV2(componentName(name, "Schedule"), {
      function: functions[name].arn,
      schedule: rateOf(trigger.everySeconds),
      retries: 0,
      // Live, a schedule would wake a machine that may be asleep, every minute.
      enabled: !isLive(),
    });
  }
}

/** EventBridge counts in whole minutes. */
function rateOf(seconds: number): `rate(${string})` {
  const minutes = seconds / 60;
  if (!Number.isInteger(minutes) || minutes < 1) throw new RangeError(`${seconds} s is not a whole number of minutes`);
  return minutes === 1 ? "rate(1 minute)" : `rate(${minutes} minutes)`;
}
