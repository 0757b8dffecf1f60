import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * AWS Signature Version 4, both ways: the cloud checks with it, and the SSM agent signs with it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

export const maxClockSkewMs = 5 * 60_000;
const maxPresignedSeconds = 7 * 24 * 3600;
const algorithm = "AWS4-HMAC-SHA256";

/** The parts of a request that a signature covers. `headers` have lower-case names. */
export interface SignedRequest {
  method: string;
  /** As on the wire: path and query, still encoded. */
  target: string;
  headers: Record<string, string | string[] | undefined>;
}

export interface Signature {
  form: "header" | "query";
  accessKeyId: string;
  /** `20261121/us-east-1/sqs/aws4_request` */
  scope: string;
  service: string;
  signedHeaders: string[];
  signature: string;
  signedAtMs: number;
  amzDate: string;
  /** Only for presigned URLs: how long they hold. */
  expiresInSeconds: number | undefined;
}

export type SignatureProblem =
  | "missing"
  | "incomplete"
  | "unknown_key"
  | "wrong_service"
  | "skewed"
  | "expired"
  | "unsigned_header"
  | "mismatch";

/** Reads the signature without judging it. */
export function readSignature(request: SignedRequest): Signature | "missing" | "incomplete" {
  const authorization = single(request.headers.authorization);
  if (authorization !== undefined) {
    const match = /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
    const amzDate = single(request.headers["x-amz-date"]);
    if (match === null || amzDate === undefined) return "incomplete";
    return parts("header", match[1] ?? "", match[2] ?? "", match[3] ?? "", amzDate, undefined);
  }
  const query = new Map(queryPairs(request.target));
  if (!query.has("X-Amz-Signature") && !query.has("X-Amz-Algorithm")) return "missing";
  const credential = query.get("X-Amz-Credential");
  const signed = query.get("X-Amz-SignedHeaders");
  const signature = query.get("X-Amz-Signature");
  const amzDate = query.get("X-Amz-Date");
  const expires = query.get("X-Amz-Expires");
  if (
    query.get("X-Amz-Algorithm") !== algorithm ||
    credential === undefined ||
    signed === undefined ||
    signature === undefined ||
    amzDate === undefined ||
    expires === undefined ||
    !/^\d{1,6}$/.test(expires) ||
    Number(expires) > maxPresignedSeconds ||
    !/^[0-9a-f]{64}$/.test(signature)
  )
    return "incomplete";
  return parts("query", credential, signed, signature, amzDate, Number(expires));
}

function parts(
  form: "header" | "query",
  credential: string,
  signedHeaders: string,
  signature: string,
  amzDate: string,
  expiresInSeconds: number | undefined,
): Signature | "incomplete" {
  const [accessKeyId, date, region, service, terminator, ...rest] = credential.split("/");
  const signedAtMs = parseAmzDate(amzDate);
  if (
    accessKeyId === undefined ||
    region === undefined ||
    service === undefined ||
    terminator !== "aws4_request" ||
    rest.length > 0 ||
    Number.isNaN(signedAtMs) ||
    date !== amzDate.slice(0, 8)
  )
    return "incomplete";
  return {
    form,
    accessKeyId,
    scope: `${date}/${region}/${service}/aws4_request`,
    service,
    signedHeaders: signedHeaders.split(";"),
    signature,
    signedAtMs,
    amzDate,
    expiresInSeconds,
  };
}

/**
 * Judges a signature. `payloadHash` is the hex SHA-256 of the body that was received, or the S3 placeholder for it.
 * Fails closed: everything that is not exactly right is a problem.
 */
export function checkSignature(
  request: SignedRequest,
  signature: Signature,
  options: { secretAccessKey: string | undefined; services: string[]; payloadHash: string; nowMs: number },
): SignatureProblem | undefined {
  if (options.secretAccessKey === undefined) return "unknown_key";
  if (!options.services.includes(signature.service)) return "wrong_service";
  const ageMs = options.nowMs - signature.signedAtMs;
  if (signature.expiresInSeconds === undefined) {
    if (Math.abs(ageMs) > maxClockSkewMs) return "skewed";
  } else {
    if (ageMs < -maxClockSkewMs) return "skewed";
    if (ageMs > signature.expiresInSeconds * 1000) return "expired";
  }
  // A header that steers the service but is not signed could be swapped in flight: `x-amz-target` above all.
  const signed = new Set(signature.signedHeaders);
  if (!signed.has("host")) return "unsigned_header";
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith("x-amz-") && !signed.has(name)) return "unsigned_header";
  }
  const expected = signatureOf(request, signature, options.secretAccessKey, options.payloadHash);
  return timingSafeEqual(expected, Buffer.from(signature.signature, "hex")) ? undefined : "mismatch";
}

/** The headers that sign a request: `host`, `x-amz-date` and `authorization`, on top of those given. */
export function signRequest(
  request: { method: string; url: URL; headers: Record<string, string>; body: string },
  options: { accessKeyId: string; secretAccessKey: string; service: string; region: string; nowMs: number },
): Record<string, string> {
  const amzDate = new Date(options.nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const headers: Record<string, string> = { ...request.headers, host: request.url.host, "x-amz-date": amzDate };
  const signedHeaders = Object.keys(headers).sort();
  const scope = `${amzDate.slice(0, 8)}/${options.region}/${options.service}/aws4_request`;
  const signature = signatureOf(
    { method: request.method, target: request.url.pathname + request.url.search, headers },
    { scope, signedHeaders, amzDate, service: options.service, accessKeyId: options.accessKeyId, form: "header" },
    options.secretAccessKey,
    sha256Hex(request.body),
  ).toString("hex");
  headers.authorization = `${algorithm} Credential=${options.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
  return headers;
}

export function sha256Hex(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function signatureOf(
  request: SignedRequest,
  signature: Pick<Signature, "scope" | "signedHeaders" | "amzDate" | "service" | "accessKeyId" | "form">,
  secretAccessKey: string,
  payloadHash: string,
): Buffer {
  const queryStart = request.target.indexOf("?");
  const path = queryStart < 0 ? request.target : request.target.slice(0, queryStart);
  let canonicalHeaders = "";
  for (const name of signature.signedHeaders) {
    canonicalHeaders += `${name}:${(single(request.headers[name]) ?? "").trim().replace(/\s+/g, " ")}\n`;
  }
  const canonicalRequest = `${request.method}\n${canonicalPath(path, signature.service)}\n${canonicalQuery(request.target)}\n${canonicalHeaders}\n${signature.signedHeaders.join(";")}\n${payloadHash}`;
  const stringToSign = `${algorithm}\n${signature.amzDate}\n${signature.scope}\n${sha256Hex(canonicalRequest)}`;
  return createHmac("sha256", signingKey(signature.accessKeyId, secretAccessKey, signature.scope))
    .update(stringToSign)
    .digest();
}

/** Four chained HMACs per key, day, region and service: kept, because they are most of a check's cost. */
const signingKeys = new Map<string, Buffer>();

function signingKey(accessKeyId: string, secretAccessKey: string, scope: string): Buffer {
  const cacheKey = `${accessKeyId}/${sha256Cache(secretAccessKey)}/${scope}`;
  let key = signingKeys.get(cacheKey);
  if (key === undefined) {
    key = Buffer.from(`AWS4${secretAccessKey}`);
    for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
    if (signingKeys.size > 1000) signingKeys.clear();
    signingKeys.set(cacheKey, key);
  }
  return key;
}

const secretDigests = new Map<string, string>();

/** Two secrets under one id (two clouds in one test process) must not share a derived key. */
function sha256Cache(secret: string): string {
  let digest = secretDigests.get(secret);
  if (digest === undefined) {
    digest = sha256Hex(secret);
    if (secretDigests.size > 1000) secretDigests.clear();
    secretDigests.set(secret, digest);
  }
  return digest;
}

function canonicalPath(path: string, service: string): string {
  if (path === "/" || path === "") return "/";
  // S3 keys are encoded once and never normalised; everything else is encoded again.
  if (service === "s3") return path.split("/").map(reencode).join("/");
  return path.split("/").map(encodeRfc3986).join("/");
}

function canonicalQuery(target: string): string {
  const pairs = queryPairs(target).filter(([name]) => name !== "X-Amz-Signature");
  return pairs
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .sort(([nameA, valueA], [nameB, valueB]) =>
      nameA < nameB ? -1 : nameA > nameB ? 1 : valueA < valueB ? -1 : valueA > valueB ? 1 : 0,
    )
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** Decoded name-value pairs of the query, in order, repeated names kept. */
export function queryPairs(target: string): [string, string][] {
  const start = target.indexOf("?");
  if (start < 0 || start === target.length - 1) return [];
  return target
    .slice(start + 1)
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      return equals < 0 ? [decode(pair), ""] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function reencode(segment: string): string {
  return encodeRfc3986(decode(segment));
}

export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}

/** `20261121T005806Z` → epoch milliseconds, NaN if it is not a date. */
function parseAmzDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return Number.NaN;
  return Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`);
}
