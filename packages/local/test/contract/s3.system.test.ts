import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  type DeleteObjectCommandInput,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorOf, fullAccess, openTarget, ours, type Target, uniqueName } from "./target.ts";

let target: Target;
/** As our signing code makes URLs: no checksum of an empty body in them. */
let presigner: S3Client;
const Bucket = uniqueName("contract");

beforeAll(async () => {
  target = await openTarget();
  presigner = new S3Client({
    endpoint: target.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: ours ? fullAccess : { accessKeyId: "test", secretAccessKey: "test" },
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  await target.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  presigner.destroy();
  await target.close();
});

const sha256 = (body: string | Buffer) => createHash("sha256").update(body).digest("base64");
const put = (Key: string, Body: string | Buffer, more = {}) =>
  target.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  target.s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
const textOf = async (Key: string, more = {}) => (await get(Key, more)).Body?.transformToString();

describe("objects", () => {
  test("an object comes back as it was put, with its type, metadata and ETag", async () => {
    const { ETag } = await put("plain.txt", "hello", { ContentType: "text/plain", Metadata: { run: "run_1" } });
    const answer = await get("plain.txt");
    expect(await answer.Body?.transformToString()).toBe("hello");
    expect(answer).toMatchObject({ ContentType: "text/plain", ContentLength: 5, Metadata: { run: "run_1" }, ETag });
    expect(ETag).toBe(`"${createHash("md5").update("hello").digest("hex")}"`);
    const head = await target.s3.send(new HeadObjectCommand({ Bucket, Key: "plain.txt" }));
    expect(head).toMatchObject({ ContentLength: 5, ETag, ContentType: "text/plain" });
  });

  test.each(["a b+c", "ü/é/🚀", "per%cent", "dots/../up", "a//b", "~!*'()&=@:,$;?#[]", "trailing/"])(
    "the key %s is kept as it is",
    async (Key) => {
      await put(Key, Key);
      expect(await textOf(Key)).toBe(Key);
      const { Contents } = await target.s3.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
      expect(Contents?.map((one) => one.Key)).toContain(Key);
    },
  );

  test("an empty object and one of 6 MB", async () => {
    await put("empty", "");
    expect(await textOf("empty")).toBe("");
    const big = Buffer.alloc(6_000_000, "0123456789");
    await put("big", big);
    const bytes = await (await get("big")).Body?.transformToByteArray();
    expect(Buffer.compare(Buffer.from(bytes ?? []), big)).toBe(0);
  });

  test("a stream of known length is taken, with its checksum in the trailer", async () => {
    const text = "streamed ".repeat(10_000);
    await put("stream", "");
    await target.s3.send(
      new PutObjectCommand({
        Bucket,
        Key: "stream",
        Body: Readable.from([Buffer.from(text)]),
        ContentLength: text.length,
      }),
    );
    expect(await textOf("stream")).toBe(text);
  });

  test("ranges", async () => {
    await put("range", "0123456789");
    const middle = await get("range", { Range: "bytes=2-5" });
    expect(middle.ContentRange).toBe("bytes 2-5/10");
    expect(await middle.Body?.transformToString()).toBe("2345");
    expect(await textOf("range", { Range: "bytes=7-" })).toBe("789");
    expect(await textOf("range", { Range: "bytes=-3" })).toBe("789");
    expect((await errorOf(get("range", { Range: "bytes=10-" }))).name).toBe("InvalidRange");
  });

  test("If-None-Match: * lets exactly one of many simultaneous puts through", async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => put("first", `${index}`, { IfNoneMatch: "*" })),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await errorOf(put("first", "late", { IfNoneMatch: "*" }))).name).toBe("PreconditionFailed");
  });

  test("If-Match refuses a put over another version, If-None-Match answers a get with 304", async () => {
    const { ETag } = await put("match", "one");
    await put("match", "two", { IfMatch: ETag });
    expect((await errorOf(put("match", "three", { IfMatch: ETag }))).name).toBe("PreconditionFailed");
    const { ETag: second } = await target.s3.send(new HeadObjectCommand({ Bucket, Key: "match" }));
    const error = await errorOf(get("match", { IfNoneMatch: second }));
    expect(error.$metadata).toMatchObject({ httpStatusCode: 304 });
  });

  test("a wrong checksum is refused and leaves the old object; a right one is given back", async () => {
    await put("sum", "old");
    const wrong = { ChecksumSHA256: sha256("something else") };
    expect((await errorOf(put("sum", "new", wrong))).name).toMatch(/BadDigest|XAmzContentChecksumMismatch/);
    expect(await textOf("sum")).toBe("old");
    await put("sum", "new", { ChecksumSHA256: sha256("new") });
    const { ChecksumSHA256 } = await target.s3.send(
      new HeadObjectCommand({ Bucket, Key: "sum", ChecksumMode: "ENABLED" }),
    );
    expect(ChecksumSHA256).toBe(sha256("new"));
  });

  test("a deleted object is gone; deleting what is not there is no error", async () => {
    await put("gone", "x");
    await target.s3.send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
    await target.s3.send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
    expect((await errorOf(get("gone"))).name).toBe("NoSuchKey");
    const head = await errorOf(target.s3.send(new HeadObjectCommand({ Bucket, Key: "gone" })));
    expect(head.name).toBe("NotFound");
  });

  test("many are deleted at once", async () => {
    for (const key of ["d/1", "d/2", "d/<&>"]) await put(key, "x");
    const Objects = ["d/1", "d/2", "d/<&>"].map((Key) => ({ Key }));
    const { Deleted } = await target.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Deleted?.map(({ Key }) => Key).sort()).toEqual(["d/1", "d/2", "d/<&>"]);
    expect((await target.s3.send(new ListObjectsV2Command({ Bucket, Prefix: "d/" }))).KeyCount).toBe(0);
  });
});

describe("buckets and lists", () => {
  test("a list is sorted, paged and grouped by delimiter", async () => {
    for (const key of ["l/b", "l/a", "l/dir/1", "l/dir/2", "l/z"]) await put(key, "x");
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await target.s3.send(
        new ListObjectsV2Command({ Bucket, Prefix: "l/", MaxKeys: 2, ContinuationToken }),
      );
      seen.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ""));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toEqual(["l/a", "l/b", "l/dir/1", "l/dir/2", "l/z"]);
    const grouped = await target.s3.send(new ListObjectsV2Command({ Bucket, Prefix: "l/", Delimiter: "/" }));
    expect(grouped.Contents?.map(({ Key }) => Key)).toEqual(["l/a", "l/b", "l/z"]);
    expect(grouped.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(["l/dir/"]);
    const after = await target.s3.send(new ListObjectsV2Command({ Bucket, Prefix: "l/", StartAfter: "l/dir/1" }));
    expect(after.Contents?.map(({ Key }) => Key)).toEqual(["l/dir/2", "l/z"]);
  });

  test("an unknown bucket is NoSuchBucket; a full one is not deleted", async () => {
    const error = await errorOf(target.s3.send(new GetObjectCommand({ Bucket: "no-such-bucket-here", Key: "x" })));
    expect(error.name).toBe("NoSuchBucket");
    await put("keeps-it", "x");
    expect((await errorOf(target.s3.send(new DeleteBucketCommand({ Bucket })))).name).toBe("BucketNotEmpty");
    await target.s3.send(new HeadBucketCommand({ Bucket }));
  });
});

describe("versions", () => {
  const Versioned = uniqueName("versions");
  const Key = "truststore.pem";
  const at = async (VersionId?: string) =>
    (await target.s3.send(new GetObjectCommand({ Bucket: Versioned, Key, ...(VersionId ? { VersionId } : {}) }))).Body;

  test("every version that was put stays, by the name that its put was given", async () => {
    await target.s3.send(new CreateBucketCommand({ Bucket: Versioned }));
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await target.s3.send(new PutBucketVersioningCommand({ Bucket: Versioned, VersioningConfiguration }));
    const versions: string[] = [];
    for (const Body of ["one", "two", "three"]) {
      const { VersionId } = await target.s3.send(new PutObjectCommand({ Bucket: Versioned, Key, Body }));
      versions.push(VersionId ?? "");
    }
    expect(new Set(versions).size).toBe(3);
    for (const [index, text] of ["one", "two", "three"].entries()) {
      expect(await (await at(versions[index]))?.transformToString()).toBe(text);
    }
    const newest = await target.s3.send(new GetObjectCommand({ Bucket: Versioned, Key }));
    expect(newest.VersionId).toBe(versions[2]);
    expect(await newest.Body?.transformToString()).toBe("three");
  });

  test("If-None-Match: * counts the newest, and a version that never was is none", async () => {
    const again = new PutObjectCommand({ Bucket: Versioned, Key, Body: "four", IfNoneMatch: "*" });
    expect(await errorOf(target.s3.send(again))).toMatchObject({ name: "PreconditionFailed" });
    const { name } = await errorOf(at("00000000-0000-4000-8000-000000000000"));
    // AWS says "Invalid version id" to what it never made up, and "no such version" to what it could have.
    expect(["NoSuchVersion", "InvalidArgument"]).toContain(name);
  });

  test("without versions a put names none", async () => {
    const { VersionId } = await put("plain-version", "x");
    expect(VersionId).toBeUndefined();
  });

  test("a list of versions has keys in order and the newest of each first, over as many pages as it takes", async () => {
    for (const key of ["list/b", "list/a"]) {
      for (const Body of ["1", "2", "3"]) {
        await target.s3.send(new PutObjectCommand({ Bucket: Versioned, Key: key, Body }));
      }
    }
    const seen: string[] = [];
    let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    let pages = 0;
    for (;;) {
      const page: ListObjectVersionsCommandOutput = await target.s3.send(
        new ListObjectVersionsCommand({ Bucket: Versioned, Prefix: "list/", MaxKeys: 2, ...next }),
      );
      pages += 1;
      seen.push(...(page.Versions ?? []).map((one) => `${one.Key} ${one.IsLatest === true ? "newest" : "older"}`));
      if (page.IsTruncated !== true) break;
      next = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
    expect(pages).toBe(3);
    expect(seen).toEqual(["list/a", "list/b"].flatMap((key) => [`${key} newest`, `${key} older`, `${key} older`]));
    const fromB = await target.s3.send(
      new ListObjectVersionsCommand({ Bucket: Versioned, Prefix: "list/", KeyMarker: "list/a" }),
    );
    expect(fromB.Versions?.map((one) => one.Key)).toEqual(["list/b", "list/b", "list/b"]);
  });

  test("a deletion hides the object under a marker; without the marker it is there again", async () => {
    const key = { Bucket: Versioned, Key: "hidden" };
    await target.s3.send(new PutObjectCommand({ ...key, Body: "one" }));
    const { DeleteMarker, VersionId } = await target.s3.send(new DeleteObjectCommand(key));
    expect(DeleteMarker).toBe(true);
    expect((await errorOf(target.s3.send(new GetObjectCommand(key)))).name).toBe("NoSuchKey");
    const listed = await target.s3.send(new ListObjectVersionsCommand({ Bucket: Versioned, Prefix: "hidden" }));
    expect(listed.DeleteMarkers).toMatchObject([{ Key: "hidden", VersionId, IsLatest: true }]);
    expect(listed.Versions).toMatchObject([{ Key: "hidden", IsLatest: false }]);
    await target.s3.send(new DeleteObjectCommand({ ...key, VersionId }));
    expect(await (await target.s3.send(new GetObjectCommand(key))).Body?.transformToString()).toBe("one");
  });

  test("without lock one version is deleted, and the one before it is the object", async () => {
    const key = { Bucket: Versioned, Key: "undone" };
    await target.s3.send(new PutObjectCommand({ ...key, Body: "one" }));
    const { VersionId } = await target.s3.send(new PutObjectCommand({ ...key, Body: "two" }));
    await target.s3.send(new DeleteObjectCommand({ ...key, VersionId }));
    expect(await (await target.s3.send(new GetObjectCommand(key))).Body?.transformToString()).toBe("one");
  });
});

describe("object lock", () => {
  const Locked = uniqueName("locked");
  const hourMs = 3_600_000;
  const locked = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
    target.s3.send(new PutObjectCommand({ Bucket: Locked, Key, Body, ChecksumAlgorithm: "SHA256", ...more }));
  const until = (ms: number) => new Date(Date.now() + ms);
  const remove = (Key: string, VersionId: string | undefined, more: Partial<DeleteObjectCommandInput> = {}) =>
    target.s3.send(new DeleteObjectCommand({ Bucket: Locked, Key, VersionId, ...more }));

  test("is a new bucket's, with a retention that every version gets", async () => {
    await target.s3.send(new CreateBucketCommand({ Bucket: Locked, ObjectLockEnabledForBucket: true }));
    const ObjectLockConfiguration = {
      ObjectLockEnabled: "Enabled",
      Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 1 } },
    } as const;
    await target.s3.send(new PutObjectLockConfigurationCommand({ Bucket: Locked, ObjectLockConfiguration }));
    const read = await target.s3.send(new GetObjectLockConfigurationCommand({ Bucket: Locked }));
    expect(read.ObjectLockConfiguration).toEqual(ObjectLockConfiguration);
    const { VersionId } = await locked("default", "x");
    expect(VersionId).toBeDefined();
    const { Retention } = await target.s3.send(new GetObjectRetentionCommand({ Bucket: Locked, Key: "default" }));
    expect(Retention?.Mode).toBe("GOVERNANCE");
    expect(Retention?.RetainUntilDate?.getTime()).toBeGreaterThan(Date.now() + 23 * hourMs);
    const none = new GetObjectLockConfigurationCommand({ Bucket });
    expect((await errorOf(target.s3.send(none))).name).toBe("ObjectLockConfigurationNotFoundError");
  });

  test("what is put over it is one more version; the one under lock stays as it is", async () => {
    const { VersionId } = await locked("over", "first");
    await locked("over", "second");
    const first = await target.s3.send(new GetObjectCommand({ Bucket: Locked, Key: "over", VersionId }));
    expect(await first.Body?.transformToString()).toBe("first");
    expect((await errorOf(remove("over", VersionId))).name).toBe("AccessDenied");
    await remove("over", undefined);
    const listed = await target.s3.send(new ListObjectVersionsCommand({ Bucket: Locked, Prefix: "over" }));
    expect([listed.Versions?.length, listed.DeleteMarkers?.length]).toEqual([2, 1]);
    expect((await errorOf(remove("over", VersionId))).name).toBe("AccessDenied");
  });

  test("COMPLIANCE binds whoever may bypass GOVERNANCE too", async () => {
    const strict = { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until(hourMs) } as const;
    const { VersionId } = await locked("strict", "x", strict);
    const bypassing = { BypassGovernanceRetention: true };
    expect((await errorOf(remove("strict", VersionId, bypassing))).name).toBe("AccessDenied");
    const loose = await locked("loose", "x");
    await remove("loose", loose.VersionId, bypassing);
    expect((await errorOf(target.s3.send(new GetObjectCommand({ Bucket: Locked, Key: "loose" })))).name).toBe(
      "NoSuchKey",
    );
  });

  test("a retention is made longer, never shorter or weaker", async () => {
    const key = { Bucket: Locked, Key: "longer" };
    await locked("longer", "x", { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: until(hourMs) });
    const retain = (Mode: "COMPLIANCE" | "GOVERNANCE", ms: number) =>
      target.s3.send(
        new PutObjectRetentionCommand({
          ...key,
          Retention: { Mode, RetainUntilDate: until(ms) },
          BypassGovernanceRetention: true,
        }),
      );
    await retain("COMPLIANCE", 2 * hourMs);
    expect((await errorOf(retain("COMPLIANCE", hourMs))).name).toBe("AccessDenied");
    expect((await errorOf(retain("GOVERNANCE", 3 * hourMs))).name).toBe("AccessDenied");
  });

  test("If-None-Match: * lets nobody write over a seal", async () => {
    await locked("once", "first", { IfNoneMatch: "*" });
    expect((await errorOf(locked("once", "second", { IfNoneMatch: "*" }))).name).toBe("PreconditionFailed");
  });

  test("a put without a checksum is refused, and one with a retention where there is no lock", async () => {
    // `presigner` adds no checksum of its own.
    const unsummed = presigner.send(new PutObjectCommand({ Bucket: Locked, Key: "bare", Body: "x" }));
    expect((await errorOf(unsummed)).name).toBe("InvalidRequest");
    const elsewhere = put("elsewhere", "x", { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: until(hourMs) });
    expect((await errorOf(elsewhere)).name).toBe("InvalidRequest");
  });
});

describe("presigned URLs", () => {
  const uploadUrl = (Key: string, more: Record<string, unknown> = {}, expiresIn = 60) =>
    getSignedUrl(presigner, new PutObjectCommand({ Bucket, Key, ...more }), {
      expiresIn,
      unhoistableHeaders: new Set(["x-amz-checksum-sha256"]),
    });
  const status = async (answer: Promise<Response>) => (await answer).status;

  test("a download by URL, with the type it was made for", async () => {
    await put("download", "output");
    const url = await getSignedUrl(
      presigner,
      new GetObjectCommand({ Bucket, Key: "download", ResponseContentType: "text/plain" }),
    );
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain");
    expect(await answer.text()).toBe("output");
  });

  test("an upload of exactly the promised length and checksum", async () => {
    const body = "the output of a run";
    const url = await uploadUrl("upload", { ContentLength: body.length, ChecksumSHA256: sha256(body) });
    const headers = { "x-amz-checksum-sha256": sha256(body) };
    expect(await status(fetch(url, { method: "PUT", body, headers }))).toBe(200);
    expect(await textOf("upload")).toBe(body);
  });

  test.runIf(ours)("another length, checksum, body, key or method than was signed is refused", async () => {
    const body = "the output of a run";
    const headers = { "x-amz-checksum-sha256": sha256(body) };
    const url = await uploadUrl("strict", { ContentLength: body.length, ChecksumSHA256: sha256(body) });
    const longer = `${body}!`;
    expect(await status(fetch(url, { method: "PUT", body: longer, headers }))).toBe(403);
    expect(await status(fetch(url, { method: "PUT", body: body.toUpperCase(), headers }))).toBe(400);
    expect(await status(fetch(url, { method: "PUT", body }))).toBe(403);
    const otherSum = { "x-amz-checksum-sha256": sha256(longer) };
    expect(await status(fetch(url, { method: "PUT", body, headers: otherSum }))).toBe(403);
    expect(await status(fetch(url.replace("/strict?", "/other?"), { method: "PUT", body, headers }))).toBe(403);
    expect(await status(fetch(url, { method: "GET", headers }))).toBe(403);
    const unsignedMeta = { ...headers, "x-amz-meta-extra": "1" };
    expect(await status(fetch(url, { method: "PUT", body, headers: unsignedMeta }))).toBe(403);
    expect((await errorOf(get("strict"))).name).toBe("NoSuchKey");
  });

  test.runIf(ours)("a checksum that went into the URL binds as well", async () => {
    const url = await getSignedUrl(
      presigner,
      new PutObjectCommand({ Bucket, Key: "hoisted", ChecksumSHA256: sha256("right") }),
    );
    expect(url).toContain("x-amz-checksum-sha256");
    expect(await status(fetch(url, { method: "PUT", body: "wrong" }))).toBe(400);
    expect(await status(fetch(url, { method: "PUT", body: "right" }))).toBe(200);
  });

  test.runIf(ours)("an URL holds as long as it says, and its expiry cannot be raised", async () => {
    await put("expiring", "x");
    const url = await getSignedUrl(presigner, new GetObjectCommand({ Bucket, Key: "expiring" }), {
      expiresIn: 60,
      signingDate: new Date(Date.now() - 120_000),
    });
    const answer = await fetch(url);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain("Request has expired");
    expect(await status(fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")))).toBe(403);
    expect(await status(fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=604801")))).toBe(400);
  });
});
