import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type ApplianceConfig,
  noConfig,
  type SignedConfig,
  signedConfigSchema,
} from "@steward/contracts/appliance-config";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import type { Condition } from "@steward/contracts/heartbeat";
import { type SignedDocument, signedDocumentSchema } from "@steward/contracts/signed";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import { readIfThere, replaceFile } from "@steward/node-client/state-files";
import { readDocument, type TrustStore } from "@steward/node-client/trust-store";
import { parsePayload, verifySigned } from "@steward/node-client/verify-signed";

/** What this agent keeps to between its runs: the newest configuration that it has verified. */
export interface ConfigKeeper {
  /** 0 before the first. */
  revision(): number;
  config(): ApplianceConfig;
  /**
   * The server says that this revision is in force: fetches, verifies and keeps it. Never throws. Answers whether there is
   * something to tell: another one is kept to, or refused, than before.
   */
  follow(revision: number): Promise<boolean>;
  /** Why the one in force is not kept to. */
  conditions(): Condition[];
}

/**
 * Verified by the keys of the trust document that sign commands, for this appliance, not expired, and never an older one
 * than was kept: a restored control plane does not take a watch away. What is refused leaves the last good one in place.
 *
 * Each build has a document of its own beside the newest: after an upgrade that is taken back the newest may be one that
 * this build cannot read. It goes on with what it can, and takes nothing that is older than what it cannot.
 */
export async function createConfigKeeper(options: {
  stateDir: string;
  /** Of this build. */
  version: string;
  applianceId: string;
  tenantId: string;
  call: Client;
  trust: Pick<TrustStore, "fresh" | "refresh">;
  nowMs: () => number | undefined;
  clock: Pick<Clock, "monotonicMs">;
  log: Log;
}): Promise<ConfigKeeper> {
  const { applianceId, tenantId, call, trust, clock, log } = options;
  const pathOf = (name: string) => join(options.stateDir, name);
  const own = `config.${options.version}.json`;
  const found = await Promise.all((await keptFiles()).map((name) => readIfThere(pathOf(name))));
  let kept = found
    .map(readKept)
    .filter((one) => one !== undefined)
    .toSorted((a, b) => b.revision - a.revision)[0];
  let floor = Math.max(0, ...found.map(revisionOf));
  let refused: { revision: number; untilMs: number } | undefined;
  let following = Promise.resolve(false);

  async function keysFor(document: SignedDocument) {
    const { keys } = (await trust.fresh()).trust;
    // It may be signed by a key that is younger than what is known here; nothing else becomes right by that.
    return verifySigned(document, "steward-config-v1", keys.dispatch).ok ? keys : (await trust.refresh()).trust.keys;
  }

  function read(document: SignedDocument, keys: Awaited<ReturnType<typeof keysFor>>): SignedConfig {
    const signed = readDocument(document, "steward-config-v1", keys.dispatch, signedConfigSchema);
    const nowMs = options.nowMs();
    const refuse = (why: string) => new AppError("forbidden", `the configuration is refused: ${why}`);
    if (signed.nodeId !== applianceId || signed.tenantId !== tenantId) throw refuse("it is for another appliance");
    if (nowMs === undefined || nowMs >= signed.expiresAtMs) throw refuse("it has expired");
    return signed;
  }

  function keptFiles(): Promise<string[]> {
    return readdir(options.stateDir).then(
      (names) => names.filter((name) => /^config(\..+)?\.json$/.test(name)),
      () => [],
    );
  }

  async function keep(document: SignedDocument): Promise<void> {
    const text = JSON.stringify(document);
    await replaceFile(pathOf("config.json"), text);
    await replaceFile(pathOf(own), text);
    const others = (await keptFiles()).filter((name) => name !== "config.json" && name !== own);
    const read = others.map(async (name) => ({ name, revision: revisionOf(await readIfThere(pathOf(name))) }));
    const oldest = (await Promise.all(read)).toSorted((a, b) => b.revision - a.revision).slice(mostOthers);
    for (const { name } of oldest) await rm(pathOf(name), { force: true });
  }

  async function follow(revision: number): Promise<void> {
    const known = kept?.revision ?? 0;
    if (revision === known && known === floor) {
      refused = undefined;
      return;
    }
    if (revision === refused?.revision && clock.monotonicMs() < refused.untilMs) return;
    /** What is thrown now is about the document itself, and not about who was to bring it, or its keys. */
    let isJudged = true;
    try {
      if (revision < floor) throw older(revision, floor);
      isJudged = false;
      const answer = await call("fetchConfig", { params: { nodeId: applianceId }, query: { have: known } });
      if (answer.document === undefined) {
        isJudged = true;
        if (answer.revision < floor) throw older(answer.revision, floor);
        return;
      }
      const keys = await keysFor(answer.document);
      isJudged = true;
      const signed = read(answer.document, keys);
      if (signed.revision < floor || signed.revision <= known) throw older(signed.revision, floor);
      isJudged = false;
      await keep(answer.document);
      kept = signed;
      floor = signed.revision;
      refused = undefined;
      log("config.taken_up", { revision: signed.revision });
    } catch (error) {
      // A door that does not answer, or has it signed first, is asked again with the next heartbeat.
      if (error instanceof AppError && error.retryable) return;
      if (revision !== refused?.revision) log("config.refused", { revision, error: describeError(error) });
      // What this build cannot read it cannot read a minute later either. What the disk would not take it may, and what
      // the door or the keys stood in the way of may come through.
      const againMs = isJudged ? askAgainMs : 0;
      refused = { revision, untilMs: clock.monotonicMs() + againMs };
    }
  }

  return {
    revision: () => kept?.revision ?? 0,
    config: () => kept?.config ?? noConfig,
    follow(revision) {
      following = following.then(async () => {
        // By the revision alone: a reason may have another wording at each try, and each change is a heartbeat at once.
        const before = [kept?.revision, refused?.revision];
        await follow(revision);
        return kept?.revision !== before[0] || refused?.revision !== before[1];
      });
      return following;
    },
    conditions: () => (refused === undefined ? [] : [{ kind: "configuration", level: "warning" }]),
  };
}

function older(revision: number, known: number): AppError {
  return new AppError(
    "forbidden",
    `the configuration is refused: revision ${revision} is older than ${known}, which is kept`,
    {
      retryable: false,
    },
  );
}

/** How long a revision that was refused is not asked for, unless another one is named. */
const askAgainMs = 3_600_000;

/** Documents of other builds that are kept: whoever goes back goes to one of the last. */
const mostOthers = 2;

/** Also of a document that a newer build has kept, and that this one does not know all of. */
function revisionOf(text: string | undefined): number {
  const document = signedDocumentSchema.safeParse(text === undefined ? undefined : parse(text));
  if (!document.success) return 0;
  const payload = parsePayload(new Uint8Array(Buffer.from(document.data.payload, "base64")));
  return revisionSchema.safeParse(payload).data?.revision ?? 0;
}
const revisionSchema = signedConfigSchema.pick({ revision: true }).loose();

/** It was verified when it was kept; its key may be gone since, and it is kept to all the same. */
function readKept(text: string | undefined): SignedConfig | undefined {
  if (text === undefined) return undefined;
  const document = signedDocumentSchema.safeParse(parse(text));
  const payload = document.success
    ? signedConfigSchema.safeParse(parsePayload(new Uint8Array(Buffer.from(document.data.payload, "base64"))))
    : undefined;
  // A damaged file is no reason not to start: the newest one is fetched again.
  return payload?.data;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
