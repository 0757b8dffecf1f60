import { z } from "zod";

const name = z.string().max(64);

/** What an appliance says of itself. Data, never instructions. */
export const factsSchema = z.strictObject({
  hostname: z.string().max(253).optional(),
  users: z.array(name).max(1000).optional(),
  groups: z.array(name).max(1000).optional(),
  shares: z.array(name).max(1000).optional(),
  services: z.array(name).max(1000).optional(),
  domains: z.array(z.string().max(253)).max(1000).optional(),
  versions: z.record(z.string().max(64), z.string().max(64)).optional(),
  /** Set-up actions that are in force here, such as `samba.server.setup`: what an action's `requires` asks for. */
  setups: z.array(name).max(100).optional(),
});
