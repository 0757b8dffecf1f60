import type { WindowView } from "@steward/contracts/window";

export interface Freeze {
  id: string;
  scope: "tenant" | "everything";
  reason: string;
  until: string;
}

export type InForce =
  | { kind: "freeze"; freeze: Freeze }
  /** A blackout that is open: nothing within it. */
  | { kind: "blackout"; window: WindowView }
  /** Maintenance windows, none of which is open: changes wait for the next. */
  | { kind: "closed"; windows: WindowView[]; opensAt?: string }
  | { kind: "open"; windows: WindowView[] };

/**
 * What keeps changes out now, the strongest first; and the maintenance windows, where there are some. An appliance that has
 * windows, by its tags or because they are for all, is changed while one of them is open: one for all that is open leaves
 * nobody waiting, and one for a tag opens nothing for the others.
 */
export function inForce(freezes: readonly Freeze[], windows: readonly WindowView[]): InForce[] {
  const blackouts = windows.filter(({ kind, open }) => kind === "blackout" && open);
  const maintenance = windows.filter(
    ({ kind, open, changesAt }) => kind === "maintenance" && (open || changesAt !== undefined),
  );
  const open = maintenance.filter((window) => window.open);
  const isOpenForAll = open.some(({ tags }) => tags === undefined);
  const closed = isOpenForAll ? [] : maintenance.filter((window) => !window.open);
  const opensAt = closed
    .flatMap(({ changesAt }) => (changesAt === undefined ? [] : [changesAt]))
    .sort()
    .at(0);
  return [
    ...freezes.map((freeze): InForce => ({ kind: "freeze", freeze })),
    ...blackouts.map((window): InForce => ({ kind: "blackout", window })),
    ...(closed.length === 0
      ? []
      : [{ kind: "closed" as const, windows: closed, ...(opensAt === undefined ? {} : { opensAt }) }]),
    ...(open.length === 0 ? [] : [{ kind: "open" as const, windows: open }]),
  ];
}

/** Whether no appliance may be changed: what is for some tags only leaves the others free. */
export function holdsAll(found: readonly InForce[]): boolean {
  return found.some((one) => {
    if (one.kind === "freeze") return true;
    if (one.kind === "blackout") return one.window.tags === undefined;
    return one.kind === "closed" && one.windows.some(({ tags }) => tags === undefined);
  });
}

/** `2027-01-04T06:30` on this browser's clocks, as an input of date and time has it. */
export function localInput(ms: number): string {
  const at = new Date(ms);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The moment that such an input means; undefined while it is not whole. */
export function momentOf(input: string): string | undefined {
  const ms = new Date(input).getTime();
  return input === "" || Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
