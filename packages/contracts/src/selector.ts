import { z } from "zod";

/** `apl_…`, an appliance's name, a tag `key:value`, or `all`. Resolved to ids when the plan is made. */
export const targetSelectorSchema = z
  .string()
  .min(1)
  .max(120)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/, "must be an appliance's id or name, a tag key:value, or all");
