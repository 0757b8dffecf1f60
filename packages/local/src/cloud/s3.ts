import { createReadStream } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Journal } from "./journal.ts";
import { checksumNames } from "./s3-checksums.ts";
import { decodeAwsChunked } from "./s3-chunked.ts";
import * as lock from "./s3-lock.ts";
import {
  type DefaultRetention,
  type ObjectRecord,
  type ObjectStore,
  openObjectStore,
  type Upload,
} from "./s3-objects.ts";
import { listVersions } from "./s3-versions.ts";
import { element, unescapeXml, xmlHead } from "./s3-xml.ts";
import { type Caller, type CloudContext, ServiceError } from "./service.ts";
import { encodeRfc3986 } from "./sigv4.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const maxObjectBytes = 5 * 1024 ** 3;
const maxKeyBytes = 1024;
const maxXmlBytes = 2 * 1024 * 1024;
const returnedHeaders = ["content-type", "content-disposition", "content-language", "cache-control", "expires"];

export interface S3Request {
  method: string;
  /** Decoded path. */
  path: string;
  /** Decoded query; presigned URLs carry `x-amz-…` headers here. */
  query: Map<string, string>;
  headers: IncomingMessage["headers"];
  body: AsyncIterable<Buffer>;
  /** What the signature says the body's SHA-256 is: hex, or a placeholder. */
  payloadHash: string;
  caller: Caller;
}

export interface S3Answer {
  status: number;
  headers: Record<string, string>;
  body?: string | Readable;
}

export interface S3 {
  handle(request: S3Request): Promise<S3Answer>;
  /** `formerly`: takes over the bucket of that name, where there is one. */
  ensureBucket(
    name: string,
    options?: { versioned?: boolean; formerly?: string; lock?: DefaultRetention },
  ): Promise<void>;
}

/** Objects in files, path style. */
export function createS3(context: CloudContext, journal: Journal, directory: string): S3 {
  const store = openObjectStore(directory, journal);
  return {
    ensureBucket: async (name, { versioned = false, formerly, lock } = {}) => {
      if (formerly !== undefined) await store.renameBucket(formerly, name);
      await store.createBucket(name, context.now(), { lock: lock !== undefined });
      if (lock !== undefined) await store.setDefaultRetention(name, lock);
      if (versioned) await store.keepVersions(name);
    },
    handle: async (request) => {
      const slash = request.path.indexOf("/", 1);
      const bucket = slash < 0 ? request.path.slice(1) : request.path.slice(1, slash);
      const key = slash < 0 ? "" : request.path.slice(slash + 1);
      if (bucket === "") return listBuckets(request, store);
      return key === ""
        ? bucketCall(request, bucket, store, context)
        : objectCall(request, bucket, key, store, context);
    },
  };
}

function listBuckets(request: S3Request, store: ObjectStore): S3Answer {
  if (request.method !== "GET") throw notImplemented();
  request.caller.require("s3:ListAllMyBuckets", "*");
  const buckets = store
    .buckets()
    .map(
      ({ name, createdAtMs }) =>
        `<Bucket>${element("Name", name)}${element("CreationDate", isoOf(createdAtMs))}</Bucket>`,
    );
  return xml(
    `<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>local</ID></Owner><Buckets>${buckets.join("")}</Buckets></ListAllMyBucketsResult>`,
  );
}

async function bucketCall(
  request: S3Request,
  bucket: string,
  store: ObjectStore,
  context: CloudContext,
): Promise<S3Answer> {
  const { caller, method, query } = request;
  if (method === "PUT" && [...query.keys()].every(isAuthParameter)) {
    caller.require("s3:CreateBucket", bucket);
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
      throw new ServiceError("InvalidBucketName", "The specified bucket is not valid.");
    if (store.hasBucket(bucket))
      throw new ServiceError(
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        { status: 409 },
      );
    await store.createBucket(bucket, context.now(), {
      lock: request.headers["x-amz-bucket-object-lock-enabled"]?.toString().toLowerCase() === "true",
    });
    return { status: 200, headers: { location: `/${bucket}` } };
  }
  const needs = (action: string) => {
    caller.require(`s3:${action}`, bucket);
    if (!store.hasBucket(bucket))
      throw new ServiceError("NoSuchBucket", "The specified bucket does not exist", { status: 404 });
  };
  if (method === "HEAD") {
    needs("ListBucket");
    return { status: 200, headers: { "x-amz-bucket-region": context.region } };
  }
  if (method === "DELETE" && [...query.keys()].every(isAuthParameter)) {
    needs("DeleteBucket");
    if (store.versions(bucket, "").length > 0)
      throw new ServiceError("BucketNotEmpty", "The bucket you tried to delete is not empty", { status: 409 });
    await store.deleteBucket(bucket);
    return { status: 204, headers: {} };
  }
  if (method === "GET" && query.get("list-type") === "2") {
    needs("ListBucket");
    return listObjects(bucket, query, store);
  }
  if (method === "GET" && query.has("versions")) {
    needs("ListBucketVersions");
    return xml(listVersions(bucket, query, store));
  }
  if (method === "GET" && query.has("object-lock")) {
    needs("GetBucketObjectLockConfiguration");
    return xml(lock.writeConfiguration(store.lockOf(bucket)));
  }
  if (method === "PUT" && query.has("object-lock")) {
    needs("PutBucketObjectLockConfiguration");
    const retention = lock.readConfiguration(await readText(request, store), store.lockOf(bucket));
    await store.setDefaultRetention(bucket, retention);
    return { status: 200, headers: {} };
  }
  if (method === "PUT" && query.has("versioning")) {
    needs("PutBucketVersioning");
    // Off again, or on for objects that have no version yet: nobody needs it.
    const isOn = /<Status>\s*Enabled\s*<\/Status>/.test(await readText(request, store));
    if (!isOn || store.list(bucket, "").length > 0) throw notImplemented();
    await store.keepVersions(bucket);
    return { status: 200, headers: {} };
  }
  if (method === "POST" && query.has("delete")) return deleteObjects(request, bucket, store);
  throw notImplemented();
}

function listObjects(bucket: string, query: Map<string, string>, store: ObjectStore): S3Answer {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const encode =
    query.get("encoding-type") === "url"
      ? (text: string) => encodeRfc3986(text).replaceAll("%2F", "/")
      : (text: string) => text;
  const maxKeys = Math.min(Number(query.get("max-keys") ?? 1000), 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw new ServiceError("InvalidArgument", "max-keys is a whole number.");
  const token = query.get("continuation-token");
  const after =
    token === undefined ? (query.get("start-after") ?? "") : Buffer.from(token, "base64url").toString("utf8");
  const entries: string[] = [];
  const commonPrefixes = new Set<string>();
  let last = "";
  let truncated = false;
  for (const object of store.list(bucket, prefix)) {
    const cut = delimiter === "" ? -1 : object.key.indexOf(delimiter, prefix.length);
    const shown = cut < 0 ? object.key : object.key.slice(0, cut + delimiter.length);
    if (commonPrefixes.has(shown)) continue;
    if (after !== "" && Buffer.compare(Buffer.from(shown), Buffer.from(after)) <= 0) continue;
    if (entries.length + commonPrefixes.size >= maxKeys) {
      truncated = maxKeys > 0;
      break;
    }
    last = shown;
    if (cut >= 0) commonPrefixes.add(shown);
    else
      entries.push(
        `<Contents>${element("Key", encode(object.key))}${element("LastModified", isoOf(object.modifiedAtMs))}${element("ETag", object.etag)}${element("Size", object.sizeBytes)}<StorageClass>STANDARD</StorageClass></Contents>`,
      );
  }
  const prefixes = [...commonPrefixes].map(
    (one) => `<CommonPrefixes>${element("Prefix", encode(one))}</CommonPrefixes>`,
  );
  return xml(
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${element("Name", bucket)}${element("Prefix", encode(prefix))}${element("Delimiter", delimiter === "" ? undefined : encode(delimiter))}${element("MaxKeys", maxKeys)}${element("EncodingType", query.get("encoding-type"))}${element("KeyCount", entries.length + prefixes.length)}${element("IsTruncated", truncated)}${element("ContinuationToken", token)}${element("NextContinuationToken", truncated ? Buffer.from(last).toString("base64url") : undefined)}${element("StartAfter", query.get("start-after"))}${entries.join("")}${prefixes.join("")}</ListBucketResult>`,
  );
}

async function deleteObjects(request: S3Request, bucket: string, store: ObjectStore): Promise<S3Answer> {
  const text = await readText(request, store);
  const keys = [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) => unescapeXml(match[1] ?? ""));
  if (keys.length === 0 || keys.length > 1000) throw new ServiceError("MalformedXML", "Name 1 to 1,000 keys.");
  if (store.isVersioned(bucket)) throw notImplemented();
  const permitted = keys.filter((key) => request.caller.allows("s3:DeleteObject", `${bucket}/${key}`));
  if (!store.hasBucket(bucket)) {
    request.caller.require("s3:DeleteObject", `${bucket}/${keys[0]}`);
    throw new ServiceError("NoSuchBucket", "The specified bucket does not exist", { status: 404 });
  }
  await store.remove(bucket, permitted);
  const quiet = /<Quiet>\s*true\s*<\/Quiet>/.test(text);
  const results = keys.map((key) =>
    permitted.includes(key)
      ? quiet
        ? ""
        : `<Deleted>${element("Key", key)}</Deleted>`
      : `<Error>${element("Key", key)}<Code>AccessDenied</Code><Message>Access Denied</Message></Error>`,
  );
  return xml(`<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${results.join("")}</DeleteResult>`);
}

/** A body of XML, held to its checksums like any other. */
async function readText(request: S3Request, store: ObjectStore): Promise<string> {
  const upload = await receive(request, store, maxXmlBytes);
  const pieces: Buffer[] = [];
  try {
    for await (const piece of createReadStream("", { fd: store.open(upload) })) pieces.push(piece as Buffer);
  } finally {
    store.discard(upload);
  }
  return Buffer.concat(pieces).toString("utf8");
}

async function objectCall(
  request: S3Request,
  bucket: string,
  key: string,
  store: ObjectStore,
  context: CloudContext,
): Promise<S3Answer> {
  const { caller, method, query } = request;
  // Multipart, tagging, ACLs, copies: none of our paths uses them, and none may be taken for a plain call.
  const known = ["x-id", "response-content-type", "response-content-disposition", "response-cache-control"];
  const reads = method === "GET" || method === "HEAD";
  if (reads || method === "DELETE") known.push("versionId");
  const aboutRetention = query.has("retention") && (method === "GET" || method === "PUT");
  if (aboutRetention) known.push("retention", "versionId");
  for (const name of query.keys()) if (!known.includes(name) && !isAuthParameter(name)) throw notImplemented();
  if (headerOf(request, "x-amz-copy-source") !== undefined) throw notImplemented();
  const resource = `${bucket}/${key}`;
  const needsBucket = () => {
    if (!store.hasBucket(bucket))
      throw new ServiceError("NoSuchBucket", "The specified bucket does not exist", { status: 404 });
  };
  const versionId = query.get("versionId");
  const noSuchVersion = () =>
    new ServiceError("NoSuchVersion", "The specified version does not exist.", { status: 404 });
  if (aboutRetention) {
    caller.require(method === "GET" ? "s3:GetObjectRetention" : "s3:PutObjectRetention", resource);
    needsBucket();
    const record = store.find(bucket, key, versionId);
    if (record === undefined) throw noSuchVersion();
    if (method === "GET") return xml(lock.writeRetention(record));
    const wanted = lock.readRetention(await readText(request, store), store.lockOf(bucket), context.now());
    lock.requireChangeable(record, { wanted, bypasses: bypasses(request, resource), nowMs: context.now() });
    await store.retain(record, wanted);
    return { status: 200, headers: {} };
  }
  if (method === "PUT") {
    caller.require("s3:PutObject", resource);
    needsBucket();
    if (Buffer.byteLength(key) > maxKeyBytes) throw new ServiceError("KeyTooLongError", "Your key is too long");
    return putObject(request, bucket, key, store, context);
  }
  if (method === "DELETE") {
    caller.require(versionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion", resource);
    needsBucket();
    if (versionId !== undefined) {
      const version = store.versions(bucket, key).find((one) => one.key === key && one.versionId === versionId);
      if (version === undefined) throw noSuchVersion();
      lock.requireDeletable(version, { bypasses: bypasses(request, resource), nowMs: context.now() });
      await store.removeVersion(version);
      const marker: Record<string, string> = version.isMarker === true ? { "x-amz-delete-marker": "true" } : {};
      return { status: 204, headers: { ...versionHeader(versionId), ...marker } };
    }
    if (store.isVersioned(bucket)) {
      const made = await store.mark(bucket, key, context.now());
      return { status: 204, headers: { ...versionHeader(made), "x-amz-delete-marker": "true" } };
    }
    await store.remove(bucket, [key]);
    return { status: 204, headers: {} };
  }
  if (!reads) throw notImplemented();
  caller.require(versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion", resource);
  needsBucket();
  const object = store.find(bucket, key, versionId);
  if (object === undefined && versionId !== undefined) throw noSuchVersion();
  if (object === undefined) {
    // As on AWS: whoever may not list learns nothing about what is there.
    caller.require("s3:ListBucket", bucket);
    throw new ServiceError("NoSuchKey", "The specified key does not exist.", { status: 404, members: { Key: key } });
  }
  return getObject(request, object, store);
}

function bypasses(request: S3Request, resource: string): boolean {
  return (
    request.headers["x-amz-bypass-governance-retention"]?.toString().toLowerCase() === "true" &&
    request.caller.allows("s3:BypassGovernanceRetention", resource)
  );
}

async function putObject(
  request: S3Request,
  bucket: string,
  key: string,
  store: ObjectStore,
  context: CloudContext,
): Promise<S3Answer> {
  const checkConditions = () => {
    const existing = store.find(bucket, key);
    const ifNoneMatch = request.headers["if-none-match"];
    if (ifNoneMatch !== undefined && ifNoneMatch !== "*") throw notImplemented();
    if (ifNoneMatch === "*" && existing !== undefined) throw preconditionFailed("If-None-Match");
    const ifMatch = request.headers["if-match"];
    if (ifMatch !== undefined) {
      if (existing === undefined)
        throw new ServiceError("NoSuchKey", "The specified key does not exist.", { status: 404 });
      if (unquoted(ifMatch) !== unquoted(existing.etag)) throw preconditionFailed("If-Match");
    }
  };
  checkConditions();
  const retention = lock.retentionOfPut(
    {
      mode: headerOf(request, "x-amz-object-lock-mode"),
      until: headerOf(request, "x-amz-object-lock-retain-until-date"),
    },
    store.lockOf(bucket),
    context.now(),
  );
  if (headerOf(request, "x-amz-object-lock-mode") !== undefined)
    request.caller.require("s3:PutObjectRetention", `${bucket}/${key}`);
  const upload = await receive(request, store, maxObjectBytes);
  try {
    if (retention !== undefined && upload.claimed.size === 0 && request.headers["content-md5"] === undefined)
      throw new ServiceError(
        "InvalidRequest",
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
      );
    // Again, now that the bytes are here: between this check and the commit nothing else runs.
    checkConditions();
  } catch (error) {
    store.discard(upload);
    throw error;
  }
  const sent = checksumNames.find((name) => upload.claimed.has(name));
  const headers: Record<string, string> = {};
  for (const name of returnedHeaders) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const encoding = (request.headers["content-encoding"] ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "" && one !== "aws-chunked");
  if (encoding.length > 0) headers["content-encoding"] = encoding.join(",");
  for (const [name, value] of [...Object.entries(request.headers), ...request.query])
    if (name.toLowerCase().startsWith("x-amz-meta-") && typeof value === "string") headers[name.toLowerCase()] = value;
  const etag = `"${upload.md5.toString("hex")}"`;
  const versionId = await store.commit({
    bucket,
    key,
    file: upload.file,
    sizeBytes: upload.sizeBytes,
    etag,
    modifiedAtMs: context.now(),
    checksums: sent === undefined ? {} : { [sent]: upload.checksums[sent] },
    headers,
    ...(retention === undefined ? {} : { retention }),
  });
  return {
    status: 200,
    headers: {
      etag,
      ...versionHeader(versionId),
      ...(sent === undefined ? {} : { [`x-amz-checksum-${sent}`]: upload.checksums[sent] }),
    },
  };
}

function versionHeader(versionId: string | undefined): Record<string, string> {
  return versionId === undefined ? {} : { "x-amz-version-id": versionId };
}

/** Takes the body to disk and holds it to every length and checksum that came with it. */
async function receive(
  request: S3Request,
  store: ObjectStore,
  maxBytes: number,
): Promise<Upload & { claimed: Set<string> }> {
  const decodedLength = request.headers["x-amz-decoded-content-length"];
  if (request.headers["content-length"] === undefined && decodedLength === undefined)
    throw new ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", { status: 411 });
  const streaming = request.payloadHash.startsWith("STREAMING-");
  if (streaming && request.payloadHash !== "STREAMING-UNSIGNED-PAYLOAD-TRAILER") throw notImplemented();
  const trailers = new Map<string, string>();
  const source = streaming ? decodeAwsChunked(request.body, trailers) : request.body;
  const upload = await store.receive(source, {
    maxBytes,
    tooLarge: () => new ServiceError("EntityTooLarge", `An upload has at most ${maxBytes} bytes.`),
  });
  try {
    const length = streaming ? decodedLength : request.headers["content-length"];
    if (upload.sizeBytes !== Number(length))
      throw new ServiceError("IncompleteBody", "You did not provide the number of bytes specified by Content-Length.");
    if (/^[0-9a-f]{64}$/.test(request.payloadHash) && request.payloadHash !== upload.sha256Hex)
      throw new ServiceError(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    const md5 = request.headers["content-md5"];
    if (md5 !== undefined && md5 !== upload.md5.toString("base64"))
      throw new ServiceError("BadDigest", "The Content-MD5 you specified did not match what we received.");
    const claimed = new Set<string>();
    if ((headerOf(request, "x-amz-checksum-crc64nvme") ?? trailers.get("x-amz-checksum-crc64nvme")) !== undefined)
      throw notImplemented();
    for (const name of checksumNames) {
      const claim = headerOf(request, `x-amz-checksum-${name}`) ?? trailers.get(`x-amz-checksum-${name}`);
      if (claim === undefined) continue;
      claimed.add(name);
      if (claim !== upload.checksums[name])
        throw new ServiceError(
          "BadDigest",
          `The ${name.toUpperCase()} you specified did not match the calculated checksum.`,
        );
    }
    const promised = request.headers["x-amz-trailer"];
    if (typeof promised === "string" && !trailers.has(promised.toLowerCase()))
      throw new ServiceError("MalformedTrailerError", "The request promised a trailer that did not come.");
    return { ...upload, claimed };
  } catch (error) {
    store.discard(upload);
    throw error;
  }
}

function getObject(request: S3Request, object: ObjectRecord, store: ObjectStore): S3Answer {
  const headers: Record<string, string> = {
    "content-type": "application/octet-stream",
    ...object.headers,
    etag: object.etag,
    ...versionHeader(object.versionId),
    ...lock.headersOf(object),
    "last-modified": new Date(object.modifiedAtMs).toUTCString(),
    "accept-ranges": "bytes",
  };
  for (const name of ["content-type", "content-disposition", "cache-control"]) {
    const override = request.query.get(`response-${name}`);
    if (override !== undefined) headers[name] = override;
  }
  const ifMatch = request.headers["if-match"];
  if (ifMatch !== undefined && ifMatch !== "*" && unquoted(ifMatch) !== unquoted(object.etag))
    throw preconditionFailed("If-Match");
  const ifNoneMatch = request.headers["if-none-match"];
  if (ifNoneMatch !== undefined && (ifNoneMatch === "*" || unquoted(ifNoneMatch) === unquoted(object.etag)))
    return { status: 304, headers: { etag: object.etag } };
  const range = rangeOf(request.headers.range, object.sizeBytes);
  if (headerOf(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED" && range === undefined)
    for (const [name, value] of Object.entries(object.checksums)) {
      headers[`x-amz-checksum-${name}`] = value;
      headers["x-amz-checksum-type"] = "FULL_OBJECT";
    }
  const { start, end } = range ?? { start: 0, end: object.sizeBytes - 1 };
  headers["content-length"] = String(end - start + 1);
  if (range !== undefined) headers["content-range"] = `bytes ${start}-${end}/${object.sizeBytes}`;
  const status = range === undefined ? 200 : 206;
  if (request.method === "HEAD" || end < start) return { status, headers };
  return { status, headers, body: createReadStream("", { fd: store.open(object), start, end }) };
}

/** One range as `bytes=a-b`, `bytes=a-` or `bytes=-n`; anything else is answered with the whole, as S3 does. */
function rangeOf(header: string | undefined, sizeBytes: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const start = match[1] === "" ? Math.max(sizeBytes - Number(match[2]), 0) : Number(match[1]);
  const end = match[1] === "" || match[2] === "" ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1);
  if (start >= sizeBytes || (match[1] === "" && Number(match[2]) === 0))
    throw new ServiceError("InvalidRange", "The requested range is not satisfiable", { status: 416 });
  return end < start ? undefined : { start, end };
}

/** A header, or the query parameter that a presigned URL carries in its place. */
function headerOf(request: S3Request, name: string): string | undefined {
  const header = request.headers[name];
  if (typeof header === "string") return header;
  for (const [key, value] of request.query) if (key.toLowerCase() === name) return value;
  return undefined;
}

/** Parameters that belong to the signature or stand for a header, and so do not change which call it is. */
function isAuthParameter(name: string): boolean {
  return /^x-amz-/i.test(name) || name === "x-id";
}

function xml(body: string): S3Answer {
  return { status: 200, headers: { "content-type": "application/xml" }, body: xmlHead + body };
}

function unquoted(etag: string): string {
  return etag.replace(/^"|"$/g, "");
}

function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function preconditionFailed(condition: string): ServiceError {
  return new ServiceError("PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
    status: 412,
    members: { Condition: condition },
  });
}

function notImplemented(): ServiceError {
  return new ServiceError(
    "NotImplemented",
    "The local cloud's S3 does not do this; docs/local-cloud.md lists what it does.",
    {
      status: 501,
    },
  );
}
