import { maxSnoozeMinutes } from "@steward/contracts/alert";

/** What one usually wants: an hour, until tonight is over, until after the weekend. */
export const snoozeChoices: readonly { label: string; minutes: number }[] = [
  { label: "30 minutes", minutes: 30 },
  { label: "1 hour", minutes: 60 },
  { label: "4 hours", minutes: 240 },
  { label: "1 day", minutes: 1_440 },
  { label: "1 week", minutes: 10_080 },
];

/** Minutes until a moment as an `<input type="datetime-local">` gives it, in the zone of whoever types. */
export function minutesUntil(local: string, nowMs: number): { minutes: number } | { problem: string } {
  const atMs = Date.parse(local);
  if (Number.isNaN(atMs)) return { problem: "Say until when" };
  const minutes = Math.ceil((atMs - nowMs) / 60_000);
  if (minutes < 1) return { problem: "That is over already" };
  if (minutes > maxSnoozeMinutes)
    return { problem: "At most 30 days: what is to be silent for longer is to be mended" };
  return { minutes };
}

/** The same moment as such an input wants it. */
export function localMoment(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
