import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkSignature, readSignature, type SignedRequest, sha256Hex, signRequest } from "./sigv4.ts";

/** AWS' published example keys: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const nowMs = Date.UTC(2013, 4, 24);
const emptyHash = sha256Hex("");

function judge(request: SignedRequest, more: { nowMs?: number; payloadHash?: string; secret?: string } = {}) {
  const signature = readSignature(request);
  if (typeof signature === "string") return signature;
  return checkSignature(request, signature, {
    secretAccessKey: more.secret ?? keys.secretAccessKey,
    services: ["s3", "sqs"],
    payloadHash: more.payloadHash ?? emptyHash,
    nowMs: more.nowMs ?? nowMs,
  });
}

describe("AWS' own examples", () => {
  test("GET with a range header", () => {
    const request = {
      method: "GET",
      target: "/test.txt",
      headers: {
        host: "examplebucket.s3.amazonaws.com",
        range: "bytes=0-9",
        "x-amz-content-sha256": emptyHash,
        "x-amz-date": "20130524T000000Z",
        authorization:
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
      },
    };
    expect(judge(request)).toBeUndefined();
    expect(judge({ ...request, headers: { ...request.headers, range: "bytes=0-10" } })).toBe("mismatch");
  });

  test("GET of a list with query parameters", () => {
    const request = {
      method: "GET",
      target: "/?max-keys=2&prefix=J",
      headers: {
        host: "examplebucket.s3.amazonaws.com",
        "x-amz-content-sha256": emptyHash,
        "x-amz-date": "20130524T000000Z",
        authorization:
          "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
      },
    };
    expect(judge(request)).toBeUndefined();
    expect(judge({ ...request, target: "/?max-keys=3&prefix=J" })).toBe("mismatch");
  });

  test("a presigned GET, until it expires", () => {
    const request = {
      method: "GET",
      target:
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
      headers: { host: "examplebucket.s3.amazonaws.com" },
    };
    expect(judge(request, { payloadHash: "UNSIGNED-PAYLOAD" })).toBeUndefined();
    expect(judge(request, { payloadHash: "UNSIGNED-PAYLOAD", nowMs: nowMs + 86_400_000 })).toBeUndefined();
    expect(judge(request, { payloadHash: "UNSIGNED-PAYLOAD", nowMs: nowMs + 86_401_000 })).toBe("expired");
    expect(judge(request, { payloadHash: "UNSIGNED-PAYLOAD", nowMs: nowMs - 301_000 })).toBe("skewed");
  });
});

test("what we sign we accept, and nothing that differs in method, path, query, header, body or secret", () => {
  fc.assert(
    fc.property(
      fc.webPath(),
      fc.string({ maxLength: 50 }),
      fc.constantFrom("method", "path", "query", "header", "body", "secret"),
      (path, body, changed) => {
        const url = new URL(`http://127.0.0.1:4566${path}`);
        const headers = signRequest(
          { method: "POST", url, headers: { "x-amz-target": "AmazonSQS.SendMessage" }, body },
          { ...keys, service: "sqs", region: "us-east-1", nowMs },
        );
        const request = { method: "POST", target: url.pathname + url.search, headers };
        expect(judge(request, { payloadHash: sha256Hex(body) })).toBeUndefined();
        const other = {
          method: changed === "method" ? "PUT" : "POST",
          target:
            changed === "path"
              ? `/x${request.target}`
              : changed === "query"
                ? `${request.target}${url.search === "" ? "?" : "&"}q=1`
                : request.target,
          headers: changed === "header" ? { ...headers, "x-amz-target": "AmazonSQS.DeleteQueue" } : headers,
        };
        const more = {
          payloadHash: sha256Hex(changed === "body" ? `${body}!` : body),
          ...(changed === "secret" ? { secret: "another-secret-altogether" } : {}),
        };
        expect(judge(other, more)).toBe("mismatch");
      },
    ),
    { numRuns: 200 },
  );
});

test("half a signature is incomplete, none is missing", () => {
  expect(judge({ method: "GET", target: "/", headers: { host: "x" } })).toBe("missing");
  expect(judge({ method: "GET", target: "/?X-Amz-Signature=00", headers: { host: "x" } })).toBe("incomplete");
  expect(judge({ method: "GET", target: "/", headers: { host: "x", authorization: "AWS4-HMAC-SHA256 x" } })).toBe(
    "incomplete",
  );
});
