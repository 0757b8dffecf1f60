import { z } from "zod";
import { idSchema } from "./ids.ts";
import { spansSchema } from "./spans.ts";

/** `maintenance`: changes only within it. `blackout`: nothing within it. */
export const windowKinds = ["maintenance", "blackout"] as const;
export type WindowKind = (typeof windowKinds)[number];

/**
 * When a tenant's appliances may be changed. Where an appliance has maintenance windows, it is changed within one of them
 * only; a blackout is stronger. What changes nothing (reads, previews) is not held, unless a blackout says so.
 */
export const createWindowSchema = z
  .strictObject({
    kind: z.enum(windowKinds),
    name: z.string().trim().min(1).max(100),
    when: spansSchema,
    /** For appliances with one of these tags; absent: for all. */
    tags: z.array(z.string().min(1).max(120)).min(1).max(20).optional(),
    /** Of a blackout: holds reads and previews as well. */
    readsToo: z.boolean().optional(),
  })
  .refine(({ kind, readsToo }) => kind === "blackout" || readsToo !== true, {
    message: "belongs to a blackout",
    path: ["readsToo"],
  });
export type CreateWindow = z.infer<typeof createWindowSchema>;

export const windowIdSchema = idSchema("window");

export const windowViewSchema = z.strictObject({
  id: windowIdSchema,
  kind: z.enum(windowKinds),
  name: z.string(),
  when: spansSchema,
  tags: z.array(z.string()).optional(),
  readsToo: z.boolean().optional(),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  /** Whether it is open now, and when that changes; absent where it never does again. */
  open: z.boolean(),
  changesAt: z.iso.datetime().optional(),
});
export type WindowView = z.infer<typeof windowViewSchema>;
