import { AppError } from "@steward/contracts/errors";
import type { Caller } from "./context.ts";
import { isStaff } from "./live-workers.ts";

export type AskedScope = "installation" | "tenant" | undefined;

/** Of what is told: the provider's staff see all tenants together unless they ask for the one; a customer has its own. */
export function scopeOf(caller: Caller, asked: AskedScope): "installation" | "tenant" {
  const staff = isStaff(caller);
  const scope = asked ?? (staff ? "installation" : "tenant");
  if (scope === "installation" && !staff) {
    throw new AppError("forbidden", "what is of all tenants is for the provider's staff", { next: "Leave scope out." });
  }
  return scope;
}
