import { X509Certificate } from "node:crypto";
import { renewalStatement } from "@steward/contracts/certificate";
import { type Client, createClient, type Transport } from "@steward/contracts/client";
import { AppError, hasCode } from "@steward/contracts/errors";
import { Agent, request } from "undici";
import { type Clock, createServerClock, type ServerClock, systemClock } from "./clock.ts";
import { fetchTransport } from "./enrol.ts";
import { dropNextPair, type Identity, loadIdentity, promoteNextPair, readPair, savePair } from "./identity.ts";
import {
  type CertificateLife,
  certificateLife,
  checkCertificateIsFor,
  type KeyPair,
  newPrivateKey,
  requestFor,
  signWith,
} from "./key-pair.ts";
import { describeError, type Log } from "./log.ts";

export interface NodeClientOptions {
  stateDir: string;
  /** PEM of the CA that signs the nodes door's own certificate, where it is not a public one. */
  serverCa?: string;
  clock?: Clock;
  log?: Log;
  timeoutMs?: number;
  /** The machine's own clock, which may be wrong: it decides nothing but whether to ask. */
  wallMs?: () => number;
}

/** The `nodes.` door, over mutual TLS, as one node. */
export interface NodeClient {
  readonly identity: Identity;
  /** Every route of the nodes door. Throws `AppError`; `isUnanswered` tells a lost call from a refusal. */
  readonly call: Client;
  readonly serverClock: ServerClock;
  certificate(): CertificateLife;
  /** After an answered heartbeat: keeps a new certificate that has proved itself, or renews one that is due. */
  tendCertificate(): Promise<void>;
  /**
   * A heartbeat failed, for the `failures`-th time in a row: where the certificate may have expired meanwhile, as on a
   * machine that was off for weeks, gets a new one from the other door. True when there is one to try.
   */
  recoverCertificate(failure: { error: unknown; failures: number }): Promise<boolean>;
  /** The door refused the certificate. True when there was an older pair to go back to. */
  goBackToOldCertificate(): Promise<boolean>;
  close(): Promise<void>;
}

/** True for a call of which nobody knows whether it was carried out. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof AppError && error.details?.["unanswered"] === true;
}

/** Throws `unauthenticated` when the machine is not enrolled. */
export async function createNodeClient(options: NodeClientOptions): Promise<NodeClient> {
  const { stateDir } = options;
  const clock = options.clock ?? systemClock;
  const log: Log = options.log ?? (() => {});
  const identity = await loadIdentity(stateDir);
  const serverClock = createServerClock(clock);

  const current = await readPair(stateDir, "current");
  if (!isWhole(current)) {
    throw new AppError("unprocessable", `${stateDir}/current.pem is missing or damaged`, {
      next: "restore the state folder, or empty it and enrol the machine again",
    });
  }
  // A whole `next` pair is a renewal that a kill interrupted before the new certificate beat once. The server may have
  // seen it already (and then refuses the old one), so the new one goes first.
  const next = await readPair(stateDir, "next");
  let onTrial = isWhole(next);
  let pair: KeyPair = isWhole(next) ? next : current;
  let agent = connect(pair, options);

  const transport: Transport = async ({ method, url, headers, body, signal }) => {
    try {
      const response = await request(url, {
        dispatcher: agent,
        method: method as "GET" | "POST" | "PUT" | "DELETE",
        headers,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
      const text = await response.body.text();
      return {
        status: response.statusCode,
        text: async () => text,
        header: (name) => {
          const value = response.headers[name];
          return Array.isArray(value) ? value[0] : value;
        },
      };
    } catch (cause) {
      throw new AppError("unavailable", `no answer from ${identity.nodesUrl}`, {
        cause,
        details: { unanswered: true },
        next: "check the network; a certificate problem in the cause means that the server's CA is not the configured one",
      });
    }
  };
  const call = createClient({ baseUrl: identity.nodesUrl, transport });

  async function switchTo(to: KeyPair): Promise<void> {
    const old = agent;
    pair = to;
    agent = connect(to, options);
    await old.close();
  }

  /** The server's time where it is known; the machine's own may be years off. */
  const timeMs = () => serverClock.nowMs() ?? (options.wallMs ?? Date.now)();

  /**
   * By the clock, by what the door said, or, as a clock without a battery says nothing, because nothing else has helped
   * for a while.
   */
  function mayHaveExpired(life: CertificateLife, { error, failures }: { error: unknown; failures: number }): boolean {
    const nowMs = timeMs();
    return (
      nowMs >= life.notAfterMs ||
      nowMs < life.notBeforeMs ||
      saysExpired(error) ||
      failures % failuresBeforeAsking === 0
    );
  }

  async function renewLate(apiUrl: string): Promise<string> {
    // The server goes on from the newest certificate that it issued, also from one that has never beaten.
    if (onTrial) {
      await promoteNextPair(stateDir);
      onTrial = false;
    }
    const key = (await readPair(stateDir, "next")).key ?? newPrivateKey();
    await savePair(stateDir, "next", { key });
    const csr = await requestFor(key);
    const api = createClient({ baseUrl: apiUrl, transport: fetchTransport(options.timeoutMs) });
    const ask = async (signedAtMs: number) => {
      const statement = renewalStatement({ use: "renew-expired", fingerprint: fingerprintOf(pair), csr, signedAtMs });
      const proof = signWith(pair.key, statement);
      return api("renewExpired", { body: { certificate: leafOf(pair), csr, signedAtMs, proof } });
    };
    const { certificate } = await ask(Math.round(timeMs())).catch((error: unknown) => {
      // Our clock is wrong: the refusal says what time it is.
      const told = hasCode(error, "expired") && error instanceof AppError ? error.details?.["serverTimeMs"] : undefined;
      if (typeof told !== "number") throw error;
      return ask(told);
    });
    checkCertificateIsFor(key, certificate);
    await savePair(stateDir, "next", { key, certificate });
    onTrial = true;
    await switchTo({ key, certificate });
    return certificate;
  }

  return {
    identity,
    call,
    serverClock,
    certificate: () => certificateLife(pair.certificate),
    async tendCertificate() {
      if (onTrial) {
        await promoteNextPair(stateDir);
        onTrial = false;
        log("certificate.renewed", { notAfter: new Date(certificateLife(pair.certificate).notAfterMs).toISOString() });
        return;
      }
      const nowMs = serverClock.nowMs();
      if (nowMs === undefined || !renewalIsDue(certificateLife(pair.certificate), nowMs)) return;
      try {
        // The key is kept before it is sent: a lost answer is asked for again with the same key.
        const key = (await readPair(stateDir, "next")).key ?? newPrivateKey();
        await savePair(stateDir, "next", { key });
        const csr = await requestFor(key);
        const statement = renewalStatement({ use: "renew", fingerprint: fingerprintOf(pair), csr });
        const { certificate } = await call("renew", { body: { csr, proof: signWith(pair.key, statement) } });
        checkCertificateIsFor(key, certificate);
        await savePair(stateDir, "next", { key, certificate });
        onTrial = true;
        await switchTo({ key, certificate });
      } catch (error) {
        // A third of the life is left; the next heartbeat asks again.
        log("certificate.renewal_failed", { error: describeError(error) });
      }
    },
    async recoverCertificate({ error, failures }) {
      const { apiUrl } = identity;
      if (apiUrl === undefined || !mayHaveExpired(certificateLife(pair.certificate), { error, failures })) return false;
      try {
        const renewed = await renewLate(apiUrl);
        log("certificate.renewed_late", { notAfter: new Date(certificateLife(renewed).notAfterMs).toISOString() });
        return true;
      } catch (cause) {
        log("certificate.late_renewal_failed", { error: describeError(cause) });
        return false;
      }
    },
    async goBackToOldCertificate() {
      if (!onTrial) return false;
      const old = await readPair(stateDir, "current");
      if (!isWhole(old)) return false;
      // After a late renewal the old one is no way back, and the new one the only way to a further one.
      if (certificateLife(old.certificate).notAfterMs <= timeMs()) return false;
      await dropNextPair(stateDir);
      onTrial = false;
      await switchTo(old);
      log("certificate.new_one_refused");
      return true;
    },
    close: () => agent.destroy(),
  };
}

/** A machine whose clock stands within its certificate's life asks at every tenth failure. */
const failuresBeforeAsking = 10;

/** The alert of the TLS listener, wherever in the chain of causes it is. */
function saysExpired(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/certificate[_ ]expired/i.test(`${"code" in cause ? String(cause.code) : ""} ${cause.message}`)) return true;
  }
  return false;
}

function fingerprintOf(pair: KeyPair): string {
  return certificateLife(pair.certificate).fingerprint;
}

/** The node's own certificate, without its issuer. */
function leafOf({ certificate }: KeyPair): string {
  return new X509Certificate(certificate).toString();
}

/** At two thirds of its life. */
export function renewalIsDue(life: { notBeforeMs: number; notAfterMs: number }, nowMs: number): boolean {
  return nowMs >= life.notBeforeMs + ((life.notAfterMs - life.notBeforeMs) * 2) / 3;
}

function isWhole(pair: Partial<KeyPair>): pair is KeyPair {
  return pair.key !== undefined && pair.certificate !== undefined;
}

function connect(pair: KeyPair, options: NodeClientOptions): Agent {
  const timeoutMs = options.timeoutMs ?? 30_000;
  return new Agent({
    connections: 8,
    keepAliveTimeout: 30_000,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: {
      key: pair.key,
      cert: pair.certificate,
      timeout: Math.min(timeoutMs, 10_000),
      ...(options.serverCa === undefined ? {} : { ca: options.serverCa }),
    },
  });
}
