import { lookup as systemLookup } from "node:dns/promises";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { AppError } from "@steward/contracts/errors";
import { noPublicAddress, type OutsideTarget, readOutsideUrl, refused } from "./outside-url.ts";
import { isLoopbackAddress, isPublicAddress } from "./public-address.ts";

export interface OutsideRequest {
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Of the answer's body. One that is larger is refused, at its announced length or while it comes in. */
  maxBytes: number;
  /** From now until the answer must be complete: name, connection, headers and body. */
  timeoutMs: number;
}

export interface OutsideAnswer {
  status: number;
  /** Lower-case names, without `set-cookie`. */
  headers: Record<string, string>;
  body: Uint8Array;
}

export interface OutsideDeps {
  /** Every address of a name. The system's resolver by default. */
  resolve?: (host: string) => Promise<readonly { address: string; family: number }[]>;
  /**
   * `host:port` of what this installation itself runs on this machine, which may be called without TLS: for tests. On
   * AWS there is none.
   */
  listedHosts?: ReadonlySet<string>;
  /** Certificates (PEM) to trust instead of the public ones. */
  ca?: string;
}

/** A name, a connection and TLS take well under a second; whoever takes longer keeps a function waiting. */
const connectMs = 3_000;
const maxHeaderBytes = 16 * 1024;
/** They belong to the connection, which is ours, or would carry what one address said to another. */
const ownHeaders =
  /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|cookie|accept-encoding|proxy-.*)$/i;

/**
 * The one way to a URL that somebody gave (webhooks, OIDC, Git). Fails closed:
 *
 * - https to a public address, in plain spelling (`readOutsideUrl`);
 * - the name is resolved once, every address of the answer must be public, and the connection goes to those and nowhere
 *   else: a name that changes its mind between the look and the call (rebinding) gains nothing;
 * - no redirects, no proxies of the environment, no cookies, no reused connections;
 * - no compressed answers, so the bytes that come in are the bytes that are kept: at most `maxBytes`.
 *
 * Throws `unprocessable` where the address or its answer is to blame, `unavailable` where a later try may succeed. What
 * it says never tells an address or a port's state on the inside.
 */
export async function fetchOutside(
  url: string,
  request: OutsideRequest,
  deps: OutsideDeps = {},
): Promise<OutsideAnswer> {
  const target = readOutsideUrl(url, deps.listedHosts);
  const deadline = AbortSignal.timeout(request.timeoutMs);
  try {
    const addresses = await unlessAborted(addressesOf(target, deps.resolve ?? resolveBySystem), deadline);
    const answer = await open(target, request, {
      addresses,
      deadline,
      ...(deps.ca === undefined ? {} : { ca: deps.ca }),
    });
    try {
      const whole = await read(target, answer, request.maxBytes);
      // A body without announced length ends where its connection ends, also when it was us who cut it.
      if (deadline.aborted || !answer.complete) throw new Error("cut off");
      return whole;
    } finally {
      answer.destroy();
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw fault(target, error, deadline);
  }
}

/** The function, with what it needs already given. */
export type FetchOutside = (url: string, request: OutsideRequest) => Promise<OutsideAnswer>;

type Addresses = readonly { address: string; family: number }[];

async function addressesOf(target: OutsideTarget, resolve: NonNullable<OutsideDeps["resolve"]>): Promise<Addresses> {
  const { host } = target;
  const addresses = isIP(host) === 0 ? await resolve(host) : [{ address: host, family: isIP(host) }];
  const accept = target.listed ? isLoopbackAddress : isPublicAddress;
  // One that is not public among many is no accident: the whole name is refused.
  if (addresses.length === 0 || !addresses.every(({ address }) => accept(address))) throw noPublicAddress(host);
  return addresses;
}

async function resolveBySystem(host: string): Promise<Addresses> {
  return systemLookup(host, { all: true });
}

/** Sends the request; resolves when the answer's head is there. */
async function open(
  target: OutsideTarget,
  { method = "GET", headers = {}, body }: OutsideRequest,
  { addresses, deadline, ca }: { addresses: Addresses; deadline: AbortSignal; ca?: string },
): Promise<http.IncomingMessage> {
  const forbidden = Object.keys(headers).find((name) => ownHeaders.test(name));
  if (forbidden !== undefined) {
    throw new AppError("internal", `the header ${forbidden} is not for callers to set`, { retryable: false });
  }
  const options: https.RequestOptions = {
    host: target.host,
    port: target.port,
    path: `${target.url.pathname}${target.url.search}`,
    method,
    headers: { "user-agent": "steward", "accept-encoding": "identity", ...headers },
    lookup: pinnedTo(addresses),
    signal: deadline,
    maxHeaderSize: maxHeaderBytes,
    // An agent of its own: the global one keeps connections, and takes proxies from the environment if told to.
    agent: new (target.secure ? https : http).Agent({ keepAlive: false }),
    ...(target.secure
      ? {
          rejectUnauthorized: true,
          minVersion: "TLSv1.2",
          ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
        }
      : {}),
    ...(ca === undefined ? {} : { ca }),
  };
  return new Promise((resolve, reject) => {
    const sending = (target.secure ? https : http).request(options, resolve);
    const slow = setTimeout(() => sending.destroy(new Error("no connection in time")), connectMs);
    sending.once("socket", (socket) => {
      socket.once(target.secure ? "secureConnect" : "connect", () => clearTimeout(slow));
      socket.once("close", () => clearTimeout(slow));
    });
    sending.on("error", (error) => {
      clearTimeout(slow);
      reject(error);
    });
    sending.end(body);
  });
}

/** Answers what was looked at, and asks nobody again. */
function pinnedTo(addresses: Addresses): LookupFunction {
  return (_host, options, answer) => {
    const [first] = addresses;
    if (options.all === true) answer(null, [...addresses]);
    else answer(null, first?.address ?? "", first?.family);
  };
}

async function read(target: OutsideTarget, answer: http.IncomingMessage, maxBytes: number): Promise<OutsideAnswer> {
  const { statusCode: status = 0, headers } = answer;
  if ([300, 301, 302, 303, 307, 308].includes(status)) {
    throw refused(`${target.host} answers with a redirect, which is not followed`, {
      next: "Give the address that it leads to.",
    });
  }
  if ((headers["content-encoding"] ?? "identity").trim().toLowerCase() !== "identity") {
    throw refused(`${target.host} answers in a compressed form that it was not asked for`, {
      next: "Let it answer uncompressed when accept-encoding is identity.",
    });
  }
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw tooLarge(target, maxBytes);
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw tooLarge(target, maxBytes);
    parts.push(part);
  }
  const { "set-cookie": _cookies, ...kept } = headers;
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(kept).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
    ),
    body: new Uint8Array(Buffer.concat(parts)),
  };
}

function tooLarge({ host }: OutsideTarget, maxBytes: number): AppError {
  return refused(`${host} answers with more than ${maxBytes} bytes`, {
    next: "Give an address with a smaller answer.",
  });
}

/** A promise, for as long as there is time: what a resolver does cannot be stopped, but nobody waits for it. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new Error("aborted"));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

function fault(target: OutsideTarget, cause: unknown, deadline: AbortSignal): AppError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (deadline.aborted) return unreachable(`${target.host} did not answer in time`, cause);
  if (code === "ENOTFOUND" || code === "ENODATA") return noPublicAddress(target.host);
  if (isTlsFault(code)) {
    return refused(`the certificate of ${target.host} is not accepted`, {
      next: "Use a server with a valid certificate of a public authority for this name.",
      cause,
    });
  }
  if (code.startsWith("HPE_")) return refused(`${target.host} does not answer with HTTP that can be read`, { cause });
  if (code === "ERR_INVALID_CHAR" || code === "ERR_UNESCAPED_CHARACTERS") {
    return refused("the request has characters that HTTP does not carry", { cause });
  }
  return unreachable(`${target.host} could not be reached`, cause);
}

function isTlsFault(code: string): boolean {
  return /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|HOSTNAME_|EPROTO)/.test(code);
}

function unreachable(message: string, cause: unknown): AppError {
  return new AppError("unavailable", message, {
    next: "Try again in a minute; if it stays so, look whether the server answers.",
    retryAfterSeconds: 60,
    cause,
  });
}
