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

/** A unit by all of its names: on Debian `sshd` is one of `ssh.service`'s. */
interface Unit {
  names: readonly string[];
  state: string;
}

/** Of `systemctl show --property=Id,Names,ActiveState <units>`. */
export function readUnits(text: string): Unit[] {
  return text.split(/\n\s*\n/).map((block) => {
    const fields = new Map(
      block.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const names = [fields.get("Id") ?? "", ...(fields.get("Names") ?? "").split(" ")];
    return { names: names.filter((name) => name !== ""), state: fields.get("ActiveState") ?? "" };
  });
}

/** Those that somebody wants active, and that are not, by the name that they are wanted by. */
export function judgeWatched(units: readonly Unit[], wanted: readonly string[]): Condition[] {
  const states = new Map(units.flatMap(({ names, state }) => names.map((name) => [name, state])));
  return wanted
    .map(unitName)
    .filter((unit) => !["active", "activating", "reloading"].includes(states.get(unit) ?? ""))
    .map((subject) => ({ kind: "service", subject: subject.slice(0, 100), level: "critical" }));
}

/** The names, and every other name of the same units. */
export function namesOf(units: readonly Unit[], wanted: readonly string[]): string[] {
  const own = new Set(wanted.map(unitName));
  const others = units.filter(({ names }) => names.some((name) => own.has(name))).flatMap(({ names }) => names);
  return [...new Set([...own, ...others])];
}

/** As systemd takes it: without an ending it is a service. */
export function unitName(name: string): string {
  return /\.(service|socket|timer|path|mount|target|swap|automount|slice|scope|device)$/.test(name)
    ? name
    : `${name}.service`;
}
