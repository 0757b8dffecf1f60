import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { securityHeaders } from "@steward/api/security-headers";
import { buildNotes, cacheControl, contentTypeOf, hashedFolder, isOfApi, isPage } from "@steward/dashboard/site";

/** The dashboard as it was built. */
export const dashboardFolder = fileURLToPath(new URL("../../../dashboard/dist/", import.meta.url));

export interface StaticSite {
  /** Whether it answered: what is no file of the site, nor one of its pages, is somebody else's. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

type Encoding = "br" | "gzip" | "identity";

interface File {
  etag: string;
  bytes: Buffer;
  encoded: Map<Encoding, Promise<Buffer>>;
}

/**
 * The dashboard's files and pages. They hold no data and no function makes them: here the door answers them, as a CDN
 * does before the API on AWS. A build that comes while this process runs is served from the next request on.
 */
export function serveSite(folder: string): StaticSite {
  const files = new Map<string, { modifiedMs: number; file: File }>();

  /** Undefined where there is no such file. */
  const find = async (name: string): Promise<File | undefined> => {
    const path = join(folder, name);
    const modifiedMs = await stat(path).then(
      (about) => (about.isFile() ? about.mtimeMs : undefined),
      () => undefined,
    );
    if (modifiedMs === undefined) return undefined;
    const known = files.get(name);
    if (known?.modifiedMs === modifiedMs) return known.file;
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes === undefined) return undefined;
    // Weak: the same for each encoding of it.
    const etag = `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
    const file: File = { etag, bytes, encoded: new Map([["identity", Promise.resolve(bytes)]]) };
    files.set(name, { modifiedMs, file });
    return file;
  };

  return {
    async answer(request, response) {
      const { method, url = "/" } = request;
      if (method !== "GET" && method !== "HEAD") return false;
      const path = url.split("?", 1)[0] ?? "/";
      if (isOfApi(path)) return false;
      const name = fileName(path);
      const own = name === undefined ? undefined : await find(name);
      if (own !== undefined && name !== undefined) {
        await send(request, response, { file: own, name });
        return true;
      }
      if (!isPage(path) || !asksForPage(request, path)) return false;
      const page = await find("index.html");
      if (page === undefined) sendUnbuilt(response);
      else await send(request, response, { file: page, name: "index.html" });
      return true;
    },
  };
}

/**
 * A browser that goes to an address asks for HTML. A program that mistyped one of the API's is told so, and is not
 * answered with a page that looks like success.
 */
function asksForPage({ headers }: IncomingMessage, path: string): boolean {
  return path === "/" || path === "/status.html" || /\btext\/html\b/.test(headers.accept ?? "");
}

/** The file that a path names, if it can name one: never one above the folder, nor Vite's own. */
function fileName(path: string): string | undefined {
  if (!/^\/[\w./-]+$/.test(path) || path.endsWith("/")) return undefined;
  const name = normalize(path.slice(1));
  return name.split("/").some((part) => part.startsWith(".")) || name.startsWith(buildNotes) ? undefined : name;
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { file, name }: { file: File; name: string },
): Promise<void> {
  const kept = name.startsWith(`${hashedFolder}/`) ? cacheControl.hashed : cacheControl.named;
  const contentType = contentTypeOf(name);
  // With the headers that every answer of the API has: the pages run under the same rules.
  const headers = {
    ...securityHeaders,
    "cache-control": kept,
    "content-type": contentType,
    etag: file.etag,
    vary: "accept-encoding",
  };
  const known = request.headers["if-none-match"];
  if (known?.split(",").some((tag) => tag.trim() === file.etag) === true) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const encoding = isText.test(contentType) ? encodingFor(request.headers["accept-encoding"]) : "identity";
  const body = await encode(file, encoding);
  response.writeHead(200, {
    ...headers,
    "content-length": body.length,
    ...(encoding === "identity" ? {} : { "content-encoding": encoding }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

const isText = /^(text\/|application\/(json|manifest)|image\/svg)/;

function encodingFor(accepted = ""): Encoding {
  const offers = accepted.split(",").map((offer) => offer.trim());
  const takes = (name: string) =>
    offers.some((offer) => offer === name || (offer.startsWith(`${name};`) && !/q=0(\.0*)?$/.test(offer)));
  return takes("br") ? "br" : takes("gzip") ? "gzip" : "identity";
}

/** Once for each file: in the thread pool, and quick rather than small. */
function encode(file: File, encoding: Encoding): Promise<Buffer> {
  const known = file.encoded.get(encoding);
  if (known !== undefined) return known;
  const made =
    encoding === "br"
      ? promisify(brotliCompress)(file.bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } })
      : promisify(gzip)(file.bytes);
  file.encoded.set(encoding, made);
  return made;
}

const unbuilt =
  "The dashboard is not built yet. `npm start` builds it and says why where it cannot; `npm run dashboard` does so by itself.\n";

function sendUnbuilt(response: ServerResponse): void {
  response.writeHead(503, { ...securityHeaders, "content-type": "text/plain; charset=utf-8", "retry-after": "2" });
  response.end(unbuilt);
}
