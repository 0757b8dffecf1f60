import { createHash } from "node:crypto";
import { derToRaw, type Signer, withKey } from "@steward/aws/signing";

/**
 * The headers of a POST with a signature by RFC 9421 (HTTP Message Signatures) over its method, address, content (by its
 * digest, RFC 9530) and id. ECDSA P-256; the key that `keyid` names is at `/.well-known/notification-keys.json`. The
 * receiver keeps no secret, and `created` lets it refuse what is old.
 */
export async function signRequest(
  signer: Signer,
  request: { url: string; headers: Record<string, string>; body: string; nowMs: number },
): Promise<Record<string, string>> {
  const digest = `sha-256=:${createHash("sha256").update(request.body).digest("base64")}:`;
  const id = request.headers["webhook-id"] ?? "";
  return withKey(signer, async ({ keyId, sign }) => {
    const created = Math.floor(request.nowMs / 1000);
    const parameters = `("@method" "@target-uri" "content-digest" "webhook-id");created=${created};keyid="${keyId}";alg="ecdsa-p256-sha256"`;
    const base = [
      '"@method": POST',
      `"@target-uri": ${new URL(request.url).href}`,
      `"content-digest": ${digest}`,
      `"webhook-id": ${id}`,
      `"@signature-params": ${parameters}`,
    ].join("\n");
    const signature = derToRaw(await sign(new TextEncoder().encode(base)));
    return {
      ...request.headers,
      "content-digest": digest,
      "signature-input": `steward=${parameters}`,
      signature: `steward=:${Buffer.from(signature).toString("base64")}:`,
    };
  });
}
