import { join } from "node:path";
import { text } from "node:stream/consumers";
import { sha256Hex } from "@steward/contracts/canonical";
import { createClient, type Transport } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { enrollingKeyFile, type Identity, readIdentity, saveIdentity, savePair } from "./identity.ts";
import { checkCertificateIsFor, keyFingerprint, newPrivateKey, requestFor } from "./key-pair.ts";
import { openStateDir, readIfThere, removeFile, replaceFile } from "./state-files.ts";

export interface EnrolOptions {
  /** Root of the `api.` door: `https://api.steward.example`. */
  apiUrl: string;
  /** As shown by the invitation. `<token>.<sha256 hex>` also names the root key that has to come back. */
  token: string;
  hostname: string;
  stateDir: string;
  timeoutMs?: number;
}

export interface EnrolledNode extends Identity {
  /** What the person who invited the machine compares before confirming it. */
  keyFingerprint: string;
}

/**
 * Turns a single-use token into a certificate. The key is on the disk before the token is sent: when the answer is
 * lost, the same call sends the same key again and gets the same certificate, where a fresh key would look like a
 * thief and quarantine the node. Errors: what `POST /enrol` answers; `conflict` when enrolled already with another
 * token; `certificate_refused` when the root is not the one that the token names; `invalid_request` for an address of
 * another machine without https.
 */
export async function enrol(options: EnrolOptions): Promise<EnrolledNode> {
  const { stateDir } = options;
  requireEncryption(options.apiUrl);
  await openStateDir(stateDir);
  const { token, rootFingerprint } = splitToken(options.token);
  const tokenHash = sha256Hex(token);
  const enrolled = await readIdentity(stateDir);
  if (enrolled) return alreadyEnrolled(enrolled, tokenHash, stateDir);

  const keyPath = join(stateDir, enrollingKeyFile);
  let key = await readIfThere(keyPath);
  if (key === undefined) {
    key = newPrivateKey();
    await replaceFile(keyPath, key);
  }
  const call = createClient({ baseUrl: options.apiUrl, transport: fetchTransport(options.timeoutMs) });
  const answer = await call("enrol", { body: { token, csr: await requestFor(key), hostname: options.hostname } });

  if (rootFingerprint !== undefined && sha256Hex(Buffer.from(answer.rootPublicKey, "base64")) !== rootFingerprint) {
    throw new AppError("certificate_refused", "the server's root key is not the one that the token names", {
      next: "do not go on: check the address, and ask for a new token",
    });
  }
  checkCertificateIsFor(key, answer.certificate);
  if (new URL(answer.nodesUrl).protocol !== "https:") {
    throw new AppError("certificate_refused", `the server names ${answer.nodesUrl}, where no certificate would count`, {
      next: "check that the address is your Steward's",
    });
  }
  const identity: Identity = {
    v: 1,
    nodeId: answer.nodeId,
    tenantId: answer.tenantId,
    kind: answer.kind,
    name: answer.name,
    nodesUrl: answer.nodesUrl,
    apiUrl: options.apiUrl,
    rootPublicKey: answer.rootPublicKey,
    tokenHash,
    ...(answer.activation === undefined ? {} : { activation: answer.activation }),
  };
  await savePair(stateDir, "current", { key, certificate: answer.certificate });
  await saveIdentity(stateDir, identity);
  await removeFile(keyPath);
  return { ...identity, keyFingerprint: keyFingerprint(key) };
}

/** The token is worth a certificate to whoever reads it on the way. On this machine itself there is no way. */
function requireEncryption(apiUrl: string): void {
  if (!URL.canParse(apiUrl)) {
    throw new AppError("invalid_request", `${apiUrl} is no address`, { next: "such as https://api.steward.example" });
  }
  const { hostname, protocol } = new URL(apiUrl);
  if (protocol === "https:" || ["127.0.0.1", "localhost", "[::1]"].includes(hostname)) return;
  throw new AppError("invalid_request", `${apiUrl} is not encrypted: an enrolment token is not sent there`, {
    next: "use https",
  });
}

async function alreadyEnrolled(identity: Identity, tokenHash: string, stateDir: string): Promise<EnrolledNode> {
  if (identity.tokenHash !== tokenHash) {
    throw new AppError("conflict", `this machine is enrolled already, as ${identity.name} (${identity.nodeId})`, {
      retryable: false,
      next: `remove that node first, and then the folder ${stateDir}`,
    });
  }
  const key = await readIfThere(join(stateDir, "current.pem"));
  if (key === undefined) {
    throw new AppError("unprocessable", `${join(stateDir, "current.pem")} is missing`, {
      next: "restore the state folder, or empty it and enrol the machine again",
    });
  }
  return { ...identity, keyFingerprint: keyFingerprint(key) };
}

/** A token as a command is given it: `-` is the standard input. */
export async function tokenOf(given: string): Promise<string> {
  return given === "-" ? (await text(process.stdin)).trim() : given;
}

export function splitToken(whole: string): { token: string; rootFingerprint?: string } {
  const match = /^(.+)\.([0-9a-f]{64})$/.exec(whole.trim());
  if (match?.[1] === undefined || match[2] === undefined) return { token: whole.trim() };
  return { token: match[1], rootFingerprint: match[2] };
}

/** The door without certificates. */
export function fetchTransport(timeoutMs = 30_000): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, {
        method,
        headers,
        redirect: "error",
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
        ...(body === undefined ? {} : { body }),
      });
      const answered = await response.text();
      return {
        status: response.status,
        text: async () => answered,
        header: (name) => response.headers.get(name) ?? undefined,
      };
    } catch (cause) {
      throw new AppError("unavailable", `no answer from ${new URL(url).origin}`, {
        cause,
        next: "check the address and the network, and try again: the key is kept",
      });
    }
  };
}
