import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";

const applianceSchema = z.object({
  name: z.string(),
  tenantId: z.string(),
  /** Single use. Given again with the same key it gets the same certificate, so a killed fleet just goes on. */
  token: z.string(),
  /** Of the token; only the enrolment itself has to come before. */
  expiresAt: z.iso.datetime().optional(),
  doorbell: z.enum(["pull", "ssm"]),
  diskPercent: z.number().optional(),
  silentAfterSeconds: z.number().optional(),
});
const planSchema = z.object({
  apiUrl: z.string(),
  cloudUrl: z.string(),
  /** PEM file of what signs the nodes door's certificate. */
  serverCaFile: z.string(),
  /** Each appliance has a folder in it, by its name. */
  directory: z.string(),
  executor: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("simulate") }),
    z.object({ kind: z.literal("ansible"), sandboxDir: z.string() }),
    z.object({ kind: z.literal("counting"), program: z.string() }),
  ]),
  appliances: z.array(applianceSchema),
});

/** What the fleet's process is to run. */
export type FleetPlan = z.infer<typeof planSchema>;
export type PlannedAppliance = z.infer<typeof applianceSchema>;

export function readPlan(file: string): FleetPlan {
  return planSchema.parse(JSON.parse(readFileSync(file, "utf8")));
}

export function writePlan(file: string, plan: FleetPlan): void {
  writeFileSync(`${file}.new`, JSON.stringify(plan, null, 2), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}

/** What the process says of each appliance that has its certificate, for an admin to confirm. */
export const enrolledSchema = z.object({
  event: z.literal("enrolled"),
  name: z.string(),
  tenantId: z.string(),
  nodeId: z.string(),
  keyFingerprint: z.string(),
});
export type EnrolledMessage = z.infer<typeof enrolledSchema>;
