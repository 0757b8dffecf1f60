import { z } from "zod";
import { recordUpTo } from "./bounded.ts";
import { redactText } from "./redact.ts";

const name = z.string().max(64);

/** What an appliance says of itself. Data, never instructions. */
export const factsSchema = z.strictObject({
  hostname: z.string().max(253).optional(),
  users: z.array(name).max(1000).optional(),
  groups: z.array(name).max(1000).optional(),
  shares: z.array(name).max(1000).optional(),
  services: z.array(name).max(1000).optional(),
  domains: z.array(z.string().max(253)).max(1000).optional(),
  mailDomains: z.array(z.string().max(253)).max(1000).optional(),
  /** Addresses that have a mailbox here. */
  mailboxes: z.array(z.string().max(254)).max(1000).optional(),
  /** Certificates that `pki.certificate.issue` made: the host, and the day (UTC) on which it ends, `2026-11-25`. */
  certificates: recordUpTo(1000, z.string().max(253), z.string().regex(/^\d{4}-\d{2}-\d{2}$/)).optional(),
  versions: recordUpTo(1000, z.string().max(64), z.string().max(64)).optional(),
  /** Set-up actions that are in force here, such as `samba.server.setup`: what an action's `requires` asks for. */
  setups: z.array(name).max(100).optional(),
});

/** Facts without what looks like a secret: a service or a share may be called anything. */
export function redactFacts(facts: z.infer<typeof factsSchema>): z.infer<typeof factsSchema> {
  const text = (value: string) => {
    const told = redactText(value);
    return told === value ? value : told.slice(0, 64);
  };
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => {
      if (value === undefined || typeof value === "string") return [name, value === undefined ? value : text(value)];
      if (Array.isArray(value)) return [name, value.map(text)];
      return [name, Object.fromEntries(Object.entries(value).map(([key, one]) => [text(key), text(one)]))];
    }),
  );
}
