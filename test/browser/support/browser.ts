import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTraceparent } from "@steward/contracts/trace-context";
import { buildDashboard } from "@steward/dashboard/build";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { onTestFailed } from "vitest";
import { type Installation, startInstallation } from "../../support/installation.ts";
import { requireOrSkip } from "../../support/require.ts";
import type { StewardOptions } from "../../../packages/local/src/stack-options.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** `describe` where there is a browser. */
export const withBrowser = requireOrSkip(
  "chromium",
  executablePath !== undefined,
  "no Chromium; apt-get install chromium",
);

export interface Setting {
  installation: Installation;
  browser: Browser;
  close(): Promise<void>;
}

/** A whole installation with the dashboard that the sources make, and a browser. */
export async function startSetting(options: Partial<StewardOptions> = {}): Promise<Setting> {
  const [installation] = await Promise.all([startInstallation(options), buildDashboard()]);
  const browser = await launch();
  return {
    installation,
    browser,
    async close() {
      await browser.close();
      await installation.close();
    },
  };
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath ?? "",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
  });
}

export interface VisitOptions {
  width?: number;
  theme?: "light" | "dark";
}

/** A browser's profile with one tab, and what there was to complain of in it. */
export interface Visit {
  page: Page;
  context: BrowserContext;
  /** Errors in the console, those that nobody caught, and what the page's own rules refused. */
  complaints: string[];
  /** The trace of each call to the API, as the page named it. */
  called: (string | undefined)[];
  /** Goes there as a link in the page would: nothing is loaded anew. */
  go: (path: string) => Promise<void>;
  close: () => Promise<void>;
}

/** What Chromium itself writes of an answer that is no success: the page's matter is what it makes of that. */
const failedLoad = /^Failed to load resource/;

export async function visit(browser: Browser, { width = 1280, theme = "light" }: VisitOptions = {}): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 844 : 900 },
    // What moves is in the way of pictures, and of what waits for things to be where they are.
    reducedMotion: "reduce",
  });
  // A tab that is opened begins with an empty document, which may keep nothing.
  await context.addInitScript(`try { localStorage.setItem("steward.theme", ${JSON.stringify(theme)}) } catch {}`);
  const complaints: string[] = [];
  const called: (string | undefined)[] = [];
  const listenTo = (page: Page) => {
    page.on("request", (request) => {
      if (request.url().includes("/api/")) called.push(parseTraceparent(request.headers()["traceparent"])?.traceId);
    });
    page.on("pageerror", (error) => complaints.push(error.stack ?? String(error)));
    page.on("console", (message) => {
      const text = message.text();
      const isError = message.type() === "error" && !failedLoad.test(text);
      if (isError || /Content.Security.Policy|Refused to/i.test(text)) complaints.push(text);
    });
  };
  context.on("page", listenTo);
  const page = await context.newPage();
  // What it looked like says more than what was waited for.
  onTestFailed(async ({ task }) => {
    if (page.isClosed()) return;
    const file = pictureFile(`failed-${task.name.replaceAll(/[^a-z0-9]+/gi, "-").slice(0, 60)}`);
    await page.screenshot({ path: file, fullPage: true }).catch(() => undefined);
    process.stderr.write(`as it was: ${file}\n`);
  });
  return {
    page,
    context,
    complaints,
    called,
    async go(path) {
      const { pathname, search } = new URL(page.url());
      if (pathname + search === path) return;
      // The router hears of addresses by the browser's own event. What is there now is not the page that is meant.
      await page.evaluate(`
        document.querySelector("main h1")?.setAttribute("data-before", "");
        history.pushState({}, "", ${JSON.stringify(path)});
        dispatchEvent(new PopStateEvent("popstate"));`);
      // Of a page that is the same at another address the heading stays what it was.
      await page
        .locator("main h1:not([data-before])")
        .first()
        .waitFor({ timeout: 4_000 })
        .catch(() => undefined);
    },
    async close() {
      // What a test has put in front of answers may be at work on one that nobody will read.
      await context.unrouteAll({ behavior: "ignoreErrors" });
      await context.close();
    },
  };
}

/** Where pictures go: a folder of the system's for such things, or the one that is named. */
export function pictureFile(name: string): string {
  const folder = process.env["STEWARD_SCREENSHOTS"] ?? join(tmpdir(), "steward-screenshots");
  mkdirSync(folder, { recursive: true });
  return join(folder, `${name}.png`);
}

/** Opens a sign-in link, and waits until the page is that of somebody who is signed in. */
export async function signIn(visited: Visit, link: string): Promise<void> {
  await visited.page.goto(link);
  await signedIn(visited.page);
}

export async function signedIn(page: Page): Promise<void> {
  await page.locator("nav[aria-label=Pages]").waitFor({ state: "attached" });
  await page.locator("main h1").first().waitFor();
}

/** Until every part of the page has what it asked for, or says why not. */
export async function settled(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor();
  await until(page, "document.querySelectorAll('[aria-label=Loading], [aria-busy=true]').length === 0");
}

/** Waits until an expression is true in the page. Not by Playwright's own way, which the page's rules refuse in part. */
export async function until(page: Page, expression: string, withinMs = 15_000): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  while ((await page.evaluate(expression)) !== true) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${expression}`);
    await page.waitForTimeout(50);
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const standards = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds against WCAG 2.2 AA, each with the element. It gets in as a debugger does, which asks no page's rules. */
export async function violationsOf(page: Page): Promise<string[]> {
  if ((await page.evaluate("typeof axe")) === "undefined") await page.evaluate(axe);
  return page.evaluate(`axe.run(document, { runOnly: ${JSON.stringify(standards)} }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) =>
      nodes.slice(0, 5).map(({ target, html }) => id + ": " + help + " | " + target.join(" ") + " | " + html.slice(0, 160))))`);
}

/** How far the page is wider than its window. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
