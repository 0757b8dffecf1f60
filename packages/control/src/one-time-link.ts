import { createSession } from "@steward/aws/records/session";
import type { Write } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { newId } from "@steward/contracts/ids";
import type { PersonState } from "@steward/core/tenant/tenant-state";
import type { Context } from "./context.ts";

/** A link that signs its person in once. Only its hash is kept: the token is shown now or never. */
export function newLink(
  deps: Pick<Context, "nowMs" | "secret">,
  person: Pick<PersonState, "personId" | "epoch">,
  options: { seconds: number; linkNumber?: number; limitTo?: string },
): { token: string; expiresAtMs: number; write: Write } {
  const nowMs = deps.nowMs();
  const token = deps.secret();
  const expiresAtMs = nowMs + options.seconds * 1000;
  const write = createSession({
    v: 1,
    version: 1,
    tokenHash: sha256Hex(token),
    kind: "bootstrap",
    sessionId: newId("session", nowMs),
    personId: person.personId,
    createdAtMs: nowMs,
    expiresAtMs,
    epoch: person.epoch ?? 0,
    ...(options.linkNumber === undefined ? {} : { linkNumber: options.linkNumber }),
    ...(options.limitTo === undefined ? {} : { limitTo: options.limitTo }),
  });
  return { token, expiresAtMs, write };
}
