import { getParameter, putParameter } from "@steward/aws/parameters";
import { getSecret, putSecret } from "@steward/aws/secrets";
import { createSigner } from "@steward/aws/signing";
import { buildAllBundles } from "@steward/catalogue/bundle";
import { releaseActions } from "@steward/catalogue/release-content";
import { type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import { publishStage, readPublicKeys, seedTenants } from "@steward/control/bootstrap-stage";
import { bootstrapEventSchema } from "./bootstrap-event.ts";
import { createContext } from "./context.ts";

const context = createContext("bootstrap");
const { clients, names } = context;
const signerOf = (use: SigningKeyUse) => createSigner({ kms: clients.kms, keyAlias: names.keyAlias(use) });
const deps = {
  ...context,
  signers: Object.fromEntries(signingKeyUses.map((use) => [use, signerOf(use)])) as Record<
    SigningKeyUse,
    ReturnType<typeof signerOf>
  >,
  parameters: {
    get: (name: string) => getParameter(clients.ssm, name),
    put: (name: string, value: string) => putParameter(clients.ssm, name, value),
  },
  secrets: {
    get: (name: string) => getSecret(clients.secrets, name),
    put: (name: string, value: string) => putSecret(clients.secrets, name, value),
  },
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
      await putParameter(clients.ssm, names.parameter("hybrid-role"), event.hybridRole);
      return publishStage(deps, { ...event, actions: releaseActions(bundles), bundles: [...bundles.values()] });
    }
    default:
      return event satisfies never;
  }
}
