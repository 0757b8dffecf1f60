import { join } from "node:path";
import { canonicalHash } from "@steward/contracts/canonical";
import type { Facts } from "@steward/contracts/actions";
import { redactFacts } from "@steward/contracts/facts";
import type { Client } from "@steward/contracts/client";
import { readIfThere, replaceFile } from "@steward/node-client/state-files";

/** Tells the control plane what this appliance says of itself, when that has changed. */
export interface FactsKeeper {
  /** Digest of what was told last. */
  digest(): string | undefined;
  /** Looks, and tells when it is new. True when it was. */
  refresh(): Promise<boolean>;
}

export async function createFactsKeeper(options: {
  stateDir: string;
  applianceId: string;
  call: Client;
  facts: () => Promise<Facts>;
}): Promise<FactsKeeper> {
  const path = join(options.stateDir, "facts.sha256");
  let told = await readIfThere(path);
  let refreshing: Promise<boolean> = Promise.resolve(false);

  async function refresh(): Promise<boolean> {
    const facts = redactFacts(await options.facts());
    const digest = canonicalHash(facts);
    if (digest === told) return false;
    await options.call("putFacts", { params: { nodeId: options.applianceId }, body: facts });
    told = digest;
    await replaceFile(path, digest);
    return true;
  }

  return {
    digest: () => told,
    refresh() {
      // One after the other: an older look must not overwrite a newer one.
      refreshing = refreshing.then(refresh, refresh);
      return refreshing;
    },
  };
}
