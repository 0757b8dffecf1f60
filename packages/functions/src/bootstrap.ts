import type { Signer } from "@steward/aws/signing";
import { buildAllBundles } from "@steward/catalogue/bundle";
import { releaseActions } from "@steward/catalogue/release-content";
import { type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import { publishStage, readPublicKeys, seedTenants } from "@steward/control/bootstrap-stage";
import { bootstrapEventSchema } from "./bootstrap-event.ts";
import { createContext } from "./context.ts";

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
    case "keys":
      return readPublicKeys(deps);
    case "seed":
      return seedTenants(deps, event.tenants);
    case "publish": {
      const bundles = await buildAllBundles();
      return publishStage(deps, { ...event, actions: releaseActions(bundles), bundles: [...bundles.values()] });
    }
    default:
      return event satisfies never;
  }
}
