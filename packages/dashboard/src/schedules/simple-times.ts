import { daysOf } from "./when-words.ts";

/** What most schedules are, as fields of a form. `custom`: a pattern that says something else. */
export type SimpleTimes =
  | { kind: "daily"; time: string }
  | { kind: "weekly"; time: string; days: number[] }
  | { kind: "monthly"; time: string; day: number | "L" }
  | { kind: "hourly"; minute: number }
  | { kind: "custom"; cron: string };

export const simpleKinds = ["daily", "weekly", "monthly", "hourly", "custom"] as const;

/** Reads a pattern as those fields. */
export function simpleOf(cron: string): SimpleTimes {
  const [minute = "", hour = "", day = "", month = "", weekday = "", ...more] = cron.trim().split(/ +/);
  const custom: SimpleTimes = { kind: "custom", cron };
  const isNumber = (text: string, most: number) => /^\d{1,2}$/.test(text) && Number(text) <= most;
  if (more.length > 0 || month !== "*" || !isNumber(minute, 59)) return custom;
  if (hour === "*" && day === "*" && weekday === "*") return { kind: "hourly", minute: Number(minute) };
  if (!isNumber(hour, 23)) return custom;
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (day === "*" && weekday === "*") return { kind: "daily", time };
  if (day === "*") {
    const days = daysOf(weekday);
    return days === undefined ? custom : { kind: "weekly", time, days };
  }
  if (weekday !== "*") return custom;
  if (day === "L") return { kind: "monthly", time, day };
  return isNumber(day, 31) && Number(day) > 0 ? { kind: "monthly", time, day: Number(day) } : custom;
}

export function cronOf(times: SimpleTimes): string {
  if (times.kind === "custom") return times.cron.trim().replaceAll(/\s+/g, " ");
  if (times.kind === "hourly") return `${times.minute} * * * *`;
  const [hour = "0", minute = "0"] = times.time.split(":");
  const clock = `${Number(minute)} ${Number(hour)}`;
  switch (times.kind) {
    case "daily":
      return `${clock} * * *`;
    case "weekly":
      return `${clock} * * ${times.days.length === 0 ? "*" : [...times.days].sort((a, b) => a - b).join(",")}`;
    case "monthly":
      return `${clock} ${times.day} * *`;
    default:
      return times satisfies never;
  }
}

/** The same times as far as they go, as another kind of fields. */
export function asKind(times: SimpleTimes, kind: SimpleTimes["kind"]): SimpleTimes {
  const time = "time" in times ? times.time : "03:00";
  switch (kind) {
    case "daily":
      return { kind, time };
    case "weekly":
      return { kind, time, days: times.kind === "weekly" ? times.days : [1] };
    case "monthly":
      return { kind, time, day: times.kind === "monthly" ? times.day : 1 };
    case "hourly":
      return { kind, minute: times.kind === "hourly" ? times.minute : Number(time.split(":")[1] ?? 0) };
    case "custom":
      return { kind, cron: cronOf(times) };
    default:
      return kind satisfies never;
  }
}
