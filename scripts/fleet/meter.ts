/** What one function did: how often it ran, and what it asked of AWS. */
export interface FunctionMeter {
  invocations: number;
  /** `dynamodb.UpdateItem` → calls. */
  calls: Record<string, number>;
  writeUnits: number;
  readUnits: number;
  logLines: number;
  logBytes: number;
}

/** By function. What Lambda itself does for a queue (receiving, deleting) is under the name `lambda`. */
export type Meters = Record<string, FunctionMeter>;

export interface FleetMeter {
  invoked(by: string): void;
  called(by: string, call: string, units?: { write: number; read: number }): void;
  logged(by: string, bytes: number): void;
  snapshot(): Meters;
}

export function createFleetMeter(): FleetMeter {
  const meters = new Map<string, FunctionMeter>();
  const of = (by: string): FunctionMeter => {
    let meter = meters.get(by);
    if (meter === undefined) {
      meter = { invocations: 0, calls: {}, writeUnits: 0, readUnits: 0, logLines: 0, logBytes: 0 };
      meters.set(by, meter);
    }
    return meter;
  };
  return {
    invoked: (by) => void (of(by).invocations += 1),
    called(by, call, units = { write: 0, read: 0 }) {
      const meter = of(by);
      meter.calls[call] = (meter.calls[call] ?? 0) + 1;
      meter.writeUnits += units.write;
      meter.readUnits += units.read;
    },
    logged(by, bytes) {
      const meter = of(by);
      meter.logLines += 1;
      meter.logBytes += bytes;
    },
    snapshot: () => structuredClone(Object.fromEntries([...meters].sort(([a], [b]) => (a < b ? -1 : 1)))),
  };
}

/** What was metered between two looks. */
export function between(before: Meters, after: Meters): Meters {
  return Object.fromEntries(
    Object.entries(after).map(([name, meter]) => {
      const old = before[name];
      if (old === undefined) return [name, meter];
      const calls = Object.entries(meter.calls).map(([call, count]) => [call, count - (old.calls[call] ?? 0)] as const);
      return [
        name,
        {
          invocations: meter.invocations - old.invocations,
          calls: Object.fromEntries(calls.filter(([, count]) => count > 0)),
          writeUnits: meter.writeUnits - old.writeUnits,
          readUnits: meter.readUnits - old.readUnits,
          logLines: meter.logLines - old.logLines,
          logBytes: meter.logBytes - old.logBytes,
        },
      ];
    }),
  );
}
