import type { Signer } from "@steward/aws/signing";
import { actForSystem } from "@steward/aws/tenant-fence";
import { AppError } from "@steward/contracts/errors";
import { type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import { publishStage, readSetup } from "@steward/control/bootstrap-stage";
import { seedTenants } from "@steward/control/seed-tenants";
import { type BootstrapEvent, bootstrapEventSchema } from "./bootstrap-event.ts";
import { createContext } from "./context.ts";
import { redactErrors } from "./redact-errors.ts";
import { readReleaseSource } from "./release-source.ts";

const context = createContext("bootstrap");
const { services } = context;
/** With signers that remember nothing: whoever has just rotated a key wants the new one's signature. */
const depsOf = () => ({
  ...context,
  signers: Object.fromEntries(signingKeyUses.map((use) => [use, services.signer(use)])) as Record<
    SigningKeyUse,
    Signer
  >,
  parameters: services.parameters,
  secrets: services.secrets,
});

/** Invoked directly, by whoever sets a stage up: `bootstrapEventSchema` says with what. */
export const handler = redactErrors(async (input: unknown): Promise<unknown> => {
  try {
    const event = bootstrapEventSchema.parse(input);
    return await actForSystem("a stage is set up: its tenants are made", () => answer(event));
  } catch (error) {
    // Of an exception Lambda tells whoever invoked a function the message and nothing else: what to do goes along in it.
    if (!(error instanceof AppError) || error.next === undefined) throw error;
    throw new Error(`${error.message}. ${error.next}`, { cause: error });
  }
});

async function answer(event: BootstrapEvent): Promise<unknown> {
  const deps = depsOf();
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
