import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, it } from "vitest";
import { buildDashboard } from "../serve/build.ts";

/** As Vite writes it: what a file needs at once, and what it may ask for later. */
type Manifest = Record<string, { file: string; imports?: string[]; dynamicImports?: string[]; css?: string[] }>;

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const entry = "index.html";
let manifest: Manifest;
beforeAll(async () => {
  await buildDashboard();
  manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8")) as Manifest;
}, 120_000);

/** All that a browser must have before it can run `name`. */
function needed(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  for (const one of manifest[name]?.imports ?? []) needed(one, found);
  return found;
}
const bytesOf = (files: Iterable<string>) =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);
const scriptsOf = (names: Iterable<string>) =>
  [...names].map((name) => manifest[name]?.file ?? "").filter((file) => file.endsWith(".js"));

const part = (page: string) => `src/pages/${page}.tsx`;

it("the first load is at most 200 KB of JavaScript, gzipped, with all that either first page is drawn from", () => {
  const first = needed(part("first/first-page"), needed(entry));
  for (const page of ["home/home-page", "overview/overview-page"]) {
    expect(bytesOf(scriptsOf(needed(part(page), new Set(first)))), page).toBeLessThan(200_000);
  }
});

it("no page needs more than 320 KB, with all that is loaded before it", () => {
  const first = needed(entry);
  const pages = Object.keys(manifest).filter((name) => /^src\/pages\/.*-page\.tsx$/.test(name));
  expect(pages.length).toBeGreaterThan(20);
  const heavy = pages.flatMap((page) => {
    const bytes = bytesOf(scriptsOf(needed(page, new Set(first))));
    return bytes > 320_000 ? [[page, bytes]] : [];
  });
  expect(heavy).toEqual([]);
});

it("plots and graphs are loaded by who shows them", () => {
  const atOnce = scriptsOf(needed(entry)).map((file) => readFileSync(join(dist, file), "utf8"));
  for (const heavy of [/\buplot\b/i, /react-flow__/, /dagre/]) {
    expect(atOnce.filter((text) => heavy.test(text)).length, String(heavy)).toBe(0);
  }
});

it("nothing is written into the page itself, and its styles are files", () => {
  const html = readFileSync(join(dist, entry), "utf8");
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=/);
  expect(html).toMatch(/<link rel="stylesheet"[^>]* href="\/assets\//);
});
