/**
 * What a web server has to know of the built dashboard: which path is what, and how long a browser may keep it. Without
 * data: served to anybody, before the API (by a CDN on AWS, by the api door locally).
 */

/** What `vite build` makes, from the repository's root. */
export const siteFolder = "packages/dashboard/dist";

/** Vite's own files in it: what is loaded by what, and what it was built from. Served to nobody. */
export const buildNotes = ".vite";

/** Files below it have a digest of themselves in their names: another content is another file. */
export const hashedFolder = "assets";

export const cacheControl = {
  hashed: "public, max-age=31536000, immutable",
  /** Asked for each time, and mostly answered with "as you have it". */
  named: "no-cache",
} as const;

/** What the API answers beside its routes below `/api/`: never the dashboard's pages. */
export const apiPaths = [
  "/.well-known/*",
  "/api/*",
  "/certificate",
  "/docs",
  "/docs.css",
  "/health",
  "/metrics",
  "/openapi.json",
] as const;

/**
 * Whether a GET of this path is a page of the dashboard: all of them are `index.html`, which looks at the address itself.
 * What ends like a file is none: a script that is missing must be missing, and not a page.
 */
export function isPage(path: string): boolean {
  if (!path.startsWith("/") || path.startsWith("//") || path.includes("\\")) return false;
  if (path === "/status.html" || path === "/index.html") return true;
  return !isOfApi(path) && !isBelow(`/${hashedFolder}`, path) && !fileEnding.test(path);
}

/** Whether the API answers it. */
export function isOfApi(path: string): boolean {
  return apiPaths.some((pattern) =>
    pattern.endsWith("/*") ? isBelow(pattern.slice(0, -"/*".length), path) : isBelow(pattern, path),
  );
}

function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

const contentTypes: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  webmanifest: "application/manifest+json",
  woff2: "font/woff2",
};
const fileEnding = new RegExp(`\\.(${Object.keys(contentTypes).join("|")}|xml|php|gz)$`);

/** Bytes to be saved, never to be shown, where nothing is known of the ending. */
export function contentTypeOf(path: string): string {
  return contentTypes[/\.([a-z0-9]+)$/.exec(path)?.[1] ?? ""] ?? "application/octet-stream";
}
