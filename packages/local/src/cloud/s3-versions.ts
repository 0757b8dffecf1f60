import type { ObjectRecord, ObjectStore } from "./s3-objects.ts";
import { element } from "./s3-xml.ts";
import { ServiceError } from "./service.ts";
import { encodeRfc3986 } from "./sigv4.ts";

/** ListObjectVersions: keys in order, of each the newest version first. Without delimiters, which nobody of ours uses. */
export function listVersions(bucket: string, query: Map<string, string>, store: ObjectStore): string {
  if (query.has("delimiter")) throw new ServiceError("NotImplemented", "Versions are not grouped.", { status: 501 });
  const prefix = query.get("prefix") ?? "";
  const maxKeys = Math.min(Number(query.get("max-keys") ?? 1000), 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0)
    throw new ServiceError("InvalidArgument", "max-keys is a whole number.");
  const keyMarker = query.get("key-marker") ?? "";
  const versionMarker = query.get("version-id-marker") ?? "";
  if (versionMarker !== "" && keyMarker === "")
    throw new ServiceError("InvalidArgument", "A version-id marker cannot be specified without a key marker.");
  const encode =
    query.get("encoding-type") === "url"
      ? (text: string) => encodeRfc3986(text).replaceAll("%2F", "/")
      : (text: string) => text;

  const all = store.versions(bucket, prefix);
  const rest = all.slice(startOf(all, keyMarker, versionMarker));
  const shown = rest.slice(0, maxKeys);
  const last = shown.at(-1);
  const truncated = rest.length > shown.length && last !== undefined;
  const newest = new Map<string, ObjectRecord>();
  for (const record of all) if (!newest.has(record.key)) newest.set(record.key, record);
  const entries = shown.map((record) => {
    const name = record.isMarker === true ? "DeleteMarker" : "Version";
    const head = `${element("Key", encode(record.key))}${element("VersionId", record.versionId ?? "null")}${element("IsLatest", newest.get(record.key) === record)}${element("LastModified", new Date(record.modifiedAtMs).toISOString())}`;
    const body = `${element("ETag", record.etag)}${element("Size", record.sizeBytes)}<StorageClass>STANDARD</StorageClass>`;
    return `<${name}>${head}${record.isMarker === true ? "" : body}</${name}>`;
  });
  const next = truncated
    ? `${element("NextKeyMarker", encode(last.key))}${element("NextVersionIdMarker", last.versionId ?? "null")}`
    : "";
  return `<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${element("Name", bucket)}${element("Prefix", encode(prefix))}${element("KeyMarker", encode(keyMarker))}${element("VersionIdMarker", versionMarker)}${next}${element("MaxKeys", maxKeys)}${element("EncodingType", query.get("encoding-type"))}${element("IsTruncated", truncated)}${entries.join("")}</ListVersionsResult>`;
}

/** After all versions of the marked key; or, with a version, after that one of it. */
function startOf(all: readonly ObjectRecord[], keyMarker: string, versionMarker: string): number {
  if (keyMarker === "") return 0;
  const compare = (record: ObjectRecord) => Buffer.compare(Buffer.from(record.key), Buffer.from(keyMarker));
  const at =
    versionMarker === ""
      ? -1
      : all.findIndex((record) => record.key === keyMarker && (record.versionId ?? "null") === versionMarker);
  if (at >= 0) return at + 1;
  const after = all.findIndex((record) => compare(record) > 0);
  return after < 0 ? all.length : after;
}
