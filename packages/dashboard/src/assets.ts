/** One file of the page. `file` is where it is on disk; `path` is where a browser asks for it. */
export interface Asset {
  path: string;
  contentType: string;
  file: URL;
}

const script = "text/javascript; charset=utf-8";

/** The whole dashboard: static, without data, served to anybody before the API (a CDN on AWS, the api door locally). */
export const assets: readonly Asset[] = [
  { path: "/", contentType: "text/html; charset=utf-8", file: new URL("./before/index.html", import.meta.url) },
  { path: "/style.css", contentType: "text/css; charset=utf-8", file: new URL("./before/style.css", import.meta.url) },
  { path: "/app.js", contentType: script, file: new URL("./before/app.js", import.meta.url) },
  { path: "/session.js", contentType: script, file: new URL("./before/session.js", import.meta.url) },
  { path: "/render.js", contentType: script, file: new URL("./before/render.js", import.meta.url) },
  { path: "/text.js", contentType: script, file: new URL("./before/text.js", import.meta.url) },
];
