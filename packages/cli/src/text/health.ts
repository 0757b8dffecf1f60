import { type Health, healthLevels } from "@steward/contracts/heartbeat";
import type { Paint } from "./paint.ts";

export function paintHealth(health: Health, paint: Paint): string {
  if (health === "healthy") return paint.green(health);
  if (health === "warning") return paint.yellow(health);
  return health === "critical" ? paint.red(health) : paint.dim(health);
}

/** `healthy 41   warning 2   critical 0   offline 1` */
export function countsText(counts: Readonly<Record<Health, number>>, paint: Paint): string {
  return healthLevels.map((level) => `${paintHealth(level, paint)} ${counts[level]}`).join("   ");
}
