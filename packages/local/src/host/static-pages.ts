import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { securityHeaders } from "@steward/api/security-headers";
import { assets } from "@steward/dashboard/assets";

/** One file of the status page, read once. */
export interface StaticPage {
  contentType: string;
  body: Buffer;
}

/**
 * The status page's files by their exact paths. They hold no data and no function makes them: here the door answers them,
 * as a CDN does before the API on AWS.
 */
export function readStaticPages(): ReadonlyMap<string, StaticPage> {
  return new Map(assets.map(({ path, contentType, file }) => [path, { contentType, body: readFileSync(file) }]));
}

/** With the headers that every answer of the API has: the page runs under the same rules. */
export function sendStaticPage(response: ServerResponse, page: StaticPage, method: string): void {
  response.writeHead(200, {
    ...securityHeaders,
    "content-type": page.contentType,
    "content-length": page.body.length,
  });
  response.end(method === "HEAD" ? undefined : page.body);
}
