import type { Condition } from "@steward/contracts/heartbeat";

/** Of `systemctl list-units --failed --plain --no-legend`: `nginx.service loaded failed failed A web server`. */
export function readFailed(text: string, ignored: readonly string[]): Condition[] {
  const skip = new Set(ignored.map(unitName));
  return text.split("\n").flatMap((line): Condition[] => {
    const [unit = "", , active] = line.trim().split(/\s+/);
    if (active !== "failed" || skip.has(unit)) return [];
    return [{ kind: "service", subject: unit.slice(0, 100), level: "warning" }];
  });
}

/** Of `systemctl show --property=Id,ActiveState <units>`: those that somebody wants active, and that are not. */
export function readWatched(text: string, wanted: readonly string[]): Condition[] {
  const states = new Map(
    text.split(/\n\s*\n/).map((block) => {
      const fields = new Map(
        block.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
      return [fields.get("Id") ?? "", fields.get("ActiveState") ?? ""];
    }),
  );
  return wanted
    .map(unitName)
    .filter((unit) => !["active", "activating", "reloading"].includes(states.get(unit) ?? ""))
    .map((subject) => ({ kind: "service", subject, level: "critical" }));
}

/** As systemd takes it: without an ending it is a service. */
export function unitName(name: string): string {
  return /\.(service|socket|timer|path|mount|target|swap|automount|slice|scope|device)$/.test(name)
    ? name
    : `${name}.service`;
}
