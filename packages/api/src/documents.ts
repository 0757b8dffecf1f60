import { createPublicKey } from "node:crypto";
import { routes } from "@steward/contracts/routes";
import type { Hono } from "hono";
import type { AppEnv } from "./app.ts";
import type { AppDeps } from "./app-deps.ts";
import { certificatePage, certificatePageHeaders } from "./certificate-page.ts";
import type { HttpEvent } from "./lambda-event.ts";
import type { OpenApiDocument } from "./openapi.ts";

interface Page {
  contentType: string;
  body: string;
  headers?: Record<string, string>;
}

/** Pages and documents without data, open to everybody at the `api.` door. */
export function bindDocuments(app: Hono<AppEnv>, deps: AppDeps, requireDoor: (event: HttpEvent) => void): void {
  let openApi: Promise<OpenApiDocument> | undefined;
  // Loaded and made at the first call: most instances never answer it.
  const document = () =>
    (openApi ??= import("./openapi.ts").then(({ openApiOf }) => openApiOf(Object.values(routes), deps.version)));
  const docs = () => import("./docs-page.ts");
  const pages: Record<string, () => Page | Promise<Page>> = {
    "/openapi.json": async () => ({ contentType: "application/json", body: JSON.stringify(await document()) }),
    "/docs": async () => ({
      contentType: "text/html; charset=utf-8",
      body: (await docs()).docsPage(await document()),
    }),
    "/docs.css": async () => ({ contentType: "text/css; charset=utf-8", body: (await docs()).docsStyle }),
    "/certificate": () => ({
      contentType: "text/html; charset=utf-8",
      body: certificatePage(deps.installation.nodesUrl),
      headers: certificatePageHeaders(deps),
    }),
    "/.well-known/jwks.json": async () => ({
      contentType: "application/json",
      body: JSON.stringify({ keys: jwksOf(await deps.tokenKeys()) }),
    }),
    "/.well-known/notification-keys.json": async () => ({
      contentType: "application/json",
      body: JSON.stringify({ keys: jwksOf(await deps.notificationKeys()) }),
    }),
  };
  for (const [path, page] of Object.entries(pages)) {
    app.get(path, async (context) => {
      requireDoor(context.env.event);
      const { contentType, body, headers } = await page();
      return new Response(body, { headers: { "content-type": contentType, ...headers } });
    });
  }
}

/** Keys that others verify our signatures with: of access tokens, of notifications. One use's say nothing of the other's. */
function jwksOf(keys: Awaited<ReturnType<AppDeps["tokenKeys"]>>): Record<string, unknown>[] {
  return keys.map(({ keyId, publicKey }) => {
    const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
    return { ...key.export({ format: "jwk" }), kid: keyId, use: "sig", alg: "ES256" };
  });
}
