import type { Signer } from "@steward/aws/signing";
import { type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import { publishStage, readSetup } from "@steward/control/bootstrap-stage";
import { seedTenants } from "@steward/control/seed-tenants";
import { bootstrapEventSchema } from "./bootstrap-event.ts";
import { createContext } from "./context.ts";
import { readReleaseSource } from "./release-source.ts";

const context = createContext("bootstrap");
const { services } = context;
const deps = {
  ...context,
  signers: Object.fromEntries(signingKeyUses.map((use) => [use, services.signer(use)])) as Record<
    SigningKeyUse,
    Signer
  >,
  parameters: services.parameters,
  secrets: services.secrets,
};

/** Invoked directly, by whoever sets a stage up: `bootstrapEventSchema` says with what. */
export async function handler(input: unknown): Promise<unknown> {
  const event = bootstrapEventSchema.parse(input);
  switch (event.step) {
    case "look":
      return readSetup(deps);
    case "seed":
      return seedTenants(deps, event.tenants);
    case "publish":
      return publishStage(deps, { root: event.root, ...(await readReleaseSource(import.meta.dirname, context.stage)) });
    default:
      return event satisfies never;
  }
}
