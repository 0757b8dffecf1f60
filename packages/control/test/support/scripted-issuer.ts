import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/*
 * An OpenID Connect issuer for tests: real HTTP, real signatures, the device flow (RFC 8628). It does what a test tells it
 * to, also what no honest issuer does. Nothing here uses the library that reads its tokens.
 */

export interface IssuerKey {
  kid: string;
  alg: "RS256" | "ES256";
  privateKey: KeyObject;
  publicKey: KeyObject;
}

export interface ScriptedIssuer {
  url: string;
  /** `127.0.0.1:port` */
  host: string;
  /** Published keys; the last one signs. */
  keys: IssuerKey[];
  /** How often each path was asked. */
  asked: Record<string, number>;
  /** Changes to what the discovery document says. */
  discovery: Record<string, unknown>;
  /** While true, it answers 500. */
  isDown: boolean;
  /** Somebody signs in on the page that the device flow shows. */
  approveDevice(userCode: string, subject: string): void;
  /** An ID token as this issuer signs it; `claims` and `header` change it. */
  idToken(
    subject: string,
    options: {
      clientId: string;
      nowMs?: number;
      claims?: Record<string, unknown>;
      header?: Record<string, unknown>;
      key?: IssuerKey;
    },
  ): string;
  close(): Promise<void>;
}

export function newIssuerKey(alg: IssuerKey["alg"] = "RS256"): IssuerKey {
  const pair =
    alg === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { kid: randomBytes(6).toString("hex"), alg, ...pair };
}

export const part = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Signs whatever it is given. */
export function signParts(head: string, body: string, key: IssuerKey): string {
  const input = Buffer.from(`${head}.${body}`);
  const signature = sign("sha256", input, { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `${head}.${body}.${signature.toString("base64url")}`;
}

/** As somebody does who takes a public key for a shared secret. */
export function hmacParts(head: string, body: string, secret: string | Buffer): string {
  return `${head}.${body}.${createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url")}`;
}

export async function startScriptedIssuer(): Promise<ScriptedIssuer> {
  const devices = new Map<string, { userCode: string; clientId: string; subject?: string; polls: number }>();
  const asked: Record<string, number> = {};
  const server = createServer((request, response) => {
    void serve(request, response);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", issuer.url).pathname;
    asked[path] = (asked[path] ?? 0) + 1;
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (issuer.isDown) return answer(500, { error: "server_error" });
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const form = new URLSearchParams(text);
    const device = devices.get(form.get("device_code") ?? "");
    switch (path) {
      case "/.well-known/openid-configuration":
        return answer(200, {
          issuer: issuer.url,
          jwks_uri: `${issuer.url}/keys`,
          device_authorization_endpoint: `${issuer.url}/device`,
          token_endpoint: `${issuer.url}/token`,
          ...issuer.discovery,
        });
      case "/keys":
        return answer(200, {
          keys: issuer.keys.map(({ kid, alg, publicKey }) => ({
            ...publicKey.export({ format: "jwk" }),
            kid,
            alg,
            use: "sig",
          })),
        });
      case "/device": {
        const code = randomBytes(16).toString("hex");
        const userCode = `${randomBytes(2).toString("hex")}-${randomBytes(2).toString("hex")}`.toUpperCase();
        devices.set(code, { userCode, clientId: form.get("client_id") ?? "", polls: 0 });
        return answer(200, {
          device_code: code,
          user_code: userCode,
          verification_uri: `${issuer.url}/activate`,
          expires_in: 60,
          interval: 0.05,
        });
      }
      case "/token": {
        if (device === undefined || device.clientId !== form.get("client_id"))
          return answer(400, { error: "invalid_grant" });
        device.polls += 1;
        if (device.subject === undefined) return answer(400, { error: "authorization_pending" });
        return answer(200, {
          token_type: "Bearer",
          id_token: issuer.idToken(device.subject, { clientId: device.clientId }),
        });
      }
      default:
        return answer(404, { error: "not_found" });
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: ScriptedIssuer = {
    url: `http://${host}`,
    host,
    keys: [newIssuerKey()],
    asked,
    discovery: {},
    isDown: false,
    approveDevice(userCode, subject) {
      const device = [...devices.values()].find((one) => one.userCode === userCode);
      if (device === undefined) throw new Error(`nobody was shown ${userCode}`);
      device.subject = subject;
    },
    idToken(subject, { clientId, nowMs = Date.now(), claims = {}, header = {}, key = issuer.keys.at(-1) }) {
      if (key === undefined) throw new Error("no key");
      const iat = Math.floor(nowMs / 1000);
      const head = { alg: key.alg, typ: "JWT", kid: key.kid, ...header };
      const jti = randomBytes(12).toString("hex");
      const body = { iss: issuer.url, sub: subject, aud: clientId, iat, exp: iat + 600, jti, ...claims };
      return signParts(part(head), part(body), key);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}
