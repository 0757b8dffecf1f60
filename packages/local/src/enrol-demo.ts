import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Client } from "@steward/contracts/client";
import { enrol } from "@steward/node-client/enrol";
import { readIdentity } from "@steward/node-client/identity";
import type { DemoAppliance } from "./demo-fleet.ts";
import { type FleetPlan, type PlannedAppliance, readPlan, writePlan } from "./fleet/plan.ts";
import type { StackTenant } from "./stack-options.ts";

/** Calls the API as that tenant's admin. */
export type ClientOf = (slug: string) => Client;

/** Enrols the worker of this machine in `stateDir`, as its provider would. Nothing happens where it is enrolled. */
export async function enrolWorker(clientOf: ClientOf, apiUrl: string, stateDir: string): Promise<void> {
  if ((await readIdentity(stateDir)) !== undefined) return;
  const call = clientOf("provider");
  const name = `worker-${hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .slice(0, 40)}`.replace(/-+$/, "");
  const { token } = await call("inviteNode", { body: { kind: "worker", name } });
  const { nodeId, keyFingerprint } = await enrol({ apiUrl, token, hostname: hostname(), stateDir });
  await call("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
}

/**
 * The plan of the demo fleet. Those who are new are invited by their tenant's admin; the others keep their tokens, and with
 * them what they are.
 */
export async function planFleet(
  clientOf: ClientOf,
  tenants: readonly StackTenant[],
  wanted: readonly DemoAppliance[],
  options: Omit<FleetPlan, "appliances"> & { file: string },
): Promise<FleetPlan> {
  const { file, ...rest } = options;
  const known = new Map<string, PlannedAppliance>();
  if (existsSync(file)) for (const appliance of readPlan(file).appliances) known.set(appliance.name, appliance);
  const appliances = await Promise.all(
    wanted.map(async ({ name, tenant, tags, doorbell, diskPercent, silentAfterSeconds }) => {
      const tenantId = tenants.find(({ slug }) => slug === tenant)?.id;
      if (tenantId === undefined) throw new Error(`there is no demo tenant ${tenant}`);
      const token =
        known.get(name)?.token ??
        (await clientOf(tenant)("inviteNode", { body: { kind: "appliance", name, tags, doorbell } })).token;
      return {
        name,
        tenantId,
        token,
        doorbell,
        ...(diskPercent === undefined ? {} : { diskPercent }),
        ...(silentAfterSeconds === undefined ? {} : { silentAfterSeconds }),
      };
    }),
  );
  const plan = { ...rest, appliances };
  writePlan(file, plan);
  return plan;
}

export function fleetDirectory(stateDir: string): string {
  return join(stateDir, "fleet");
}
