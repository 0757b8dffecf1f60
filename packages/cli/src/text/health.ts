import type { Health } from "@steward/contracts/heartbeat";
import type { Paint } from "./paint.ts";

export function paintHealth(health: Health, paint: Paint): string {
  if (health === "healthy") return paint.green(health);
  if (health === "warning") return paint.yellow(health);
  return health === "critical" ? paint.red(health) : paint.dim(health);
}
