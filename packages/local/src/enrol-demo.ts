import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Client } from "@steward/contracts/client";
import { enrol } from "@steward/node-client/enrol";
import { readIdentity } from "@steward/node-client/identity";
import { readIfThere, removeFile, replaceFile } from "@steward/node-client/state-files";
import { z } from "zod";
import type { DemoAppliance } from "./demo-fleet.ts";
import { type FleetPlan, type PlannedAppliance, readPlan, writePlan } from "./fleet/plan.ts";
import type { StackTenant } from "./stack-options.ts";

/** Calls the API as that tenant's admin. */
export type ClientOf = (slug: string) => Client;

const invitationSchema = z.object({ token: z.string(), expiresAt: z.iso.datetime() });
type Invitation = z.infer<typeof invitationSchema>;

/**
 * Enrols the worker of this machine in `stateDir`, as its provider would, and confirms it. The invitation is kept until
 * both are done: a kill in between goes on with the same token, where a second one would find its name taken, and an
 * unconfirmed worker would be given no job, ever. Nothing happens where all is done.
 */
export async function enrolWorker(clientOf: ClientOf, apiUrl: string, stateDir: string): Promise<void> {
  const file = join(stateDir, "invitation.json");
  const kept = await readInvitation(file);
  const enrolled = (await readIdentity(stateDir)) !== undefined;
  if (kept === undefined && enrolled) return;
  const call = clientOf("provider");
  let invitation = kept;
  if (invitation === undefined || (!enrolled && isOver(invitation))) {
    const name = `worker-${hostname()
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, "-")
      .slice(0, 40)}`.replace(/-+$/, "");
    const { token, expiresAt } = await call("inviteNode", { body: { kind: "worker", name } });
    invitation = { token, expiresAt };
    await replaceFile(file, JSON.stringify(invitation));
  }
  const { nodeId, keyFingerprint } = await enrol({ apiUrl, token: invitation.token, hostname: hostname(), stateDir });
  await call("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
  await removeFile(file);
}

async function readInvitation(file: string): Promise<Invitation | undefined> {
  const text = await readIfThere(file);
  return text === undefined ? undefined : invitationSchema.parse(JSON.parse(text));
}

function isOver({ expiresAt }: { expiresAt?: string | undefined }): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= Date.now();
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
      const before = known.get(name);
      // A start that was ended before everybody was enrolled may be followed by the next one days later.
      const usable =
        before !== undefined && (!isOver(before) || (await readIdentity(join(rest.directory, name))) !== undefined);
      const { token, expiresAt } = usable
        ? before
        : await clientOf(tenant)("inviteNode", { body: { kind: "appliance", name, tags, doorbell } });
      return {
        name,
        tenantId,
        token,
        ...(expiresAt === undefined ? {} : { expiresAt }),
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
