import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { parseTraceparent } from "@steward/contracts/trace-context";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, startInstallation } from "../support/installation.ts";
import { requireOrSkip } from "../support/require.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const withBrowser = requireOrSkip("chromium", executablePath !== undefined, "no Chromium; apt-get install chromium");

withBrowser("the status page", () => {
  let installation: Installation;
  let browser: Browser;
  const complaints: string[] = [];
  /** What each call to the API says that it is. */
  const called: (string | undefined)[] = [];

  beforeAll(async () => {
    installation = await startInstallation({ appliances: 6 });
    browser = await chromium.launch({
      executablePath: executablePath ?? "",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await installation?.close();
  });

  async function open(link: string): Promise<Page> {
    const page = await browser.newPage();
    page.on("request", (request) => {
      if (request.url().includes("/api/")) called.push(parseTraceparent(request.headers()["traceparent"])?.traceId);
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      // A refused inline script or style is told here by the Content-Security-Policy.
      if (/Content.Security.Policy|Refused to/i.test(message.text())) complaints.push(message.text());
    });
    await page.goto(link);
    return page;
  }

  test("signs in by the link, takes the token out of the address, and shows fleet, lanes and tasks", async () => {
    const page = await open(await installation.stack.loginLink("acme"));
    await page.locator("#fleet li").first().waitFor();
    const names = await page.locator("#fleet").innerText();
    const { items } = await installation.as("acme")("listNodes", { query: { kind: "appliance" } });
    for (const node of items) expect(names).toContain(node.name);
    expect(await page.locator("#lanes").innerText()).toContain("Express");
    expect(page.url()).not.toContain("login=");
    // Each call is a request by itself, whose name whoever looks for it finds in logs and trail.
    expect(called).not.toContain(undefined);
    expect(new Set(called).size).toBe(called.length);
    expect(called.length).toBeGreaterThan(2);
    await page.close();
  });

  test("refreshes itself: a task that is asked for elsewhere appears without a reload, its words as text", async () => {
    const page = await open(await installation.stack.loginLink("acme"));
    await page.locator("#fleet li").first().waitFor();
    const { items } = await installation.as("acme")("listNodes", { query: { kind: "appliance" } });
    const words = "add user bob <img src=x onerror=alert(1)>";
    await installation.as("acme")("submitTask", { body: { instruction: words, targets: [items[0]?.name ?? ""] } });
    await page.locator("#tasks li", { hasText: words }).waitFor({ timeout: 10_000 });
    expect(await page.locator("#tasks img").count()).toBe(0);
    await page.close();
  });

  test("a used link signs nobody in, and the page says how to get another", async () => {
    const link = await installation.stack.loginLink("acme");
    const first = await open(link);
    await first.locator("#fleet li").first().waitFor();
    await first.close();
    const context = await browser.newContext();
    const second = await context.newPage();
    await second.goto(link);
    await second.locator("#welcome").waitFor();
    expect(await second.locator("#welcome").innerText()).toContain("npm start");
    await context.close();
  });

  test("a tab that was duplicated shares the sign-in: each goes on with the newest refresh token", async () => {
    const page = await open(await installation.stack.loginLink("acme"));
    await page.locator("#fleet li").first().waitFor();
    const kept = (of: Page) => of.evaluate(() => sessionStorage.getItem("steward.refresh-token"));
    const before = await kept(page);
    const opened = page.waitForEvent("popup");
    // A tab that is opened from here gets a copy of what this one keeps, and has no access token yet.
    await page.evaluate("void window.open(location.href)");
    const copy = await opened;
    await copy.locator("#fleet li").first().waitFor();
    const after = await kept(copy);
    expect(after).not.toBe(before);
    await page.waitForFunction((token) => sessionStorage.getItem("steward.refresh-token") === token, after);
    await page.reload();
    await page.locator("#fleet li").first().waitFor();
    await copy.reload();
    await copy.locator("#fleet li").first().waitFor();
    await page.context().close();
  });

  test("a reply to a refresh that is lost signs nobody out", async () => {
    const page = await open(await installation.stack.loginLink("acme"));
    await page.locator("#fleet li").first().waitFor();
    let lost = 0;
    await page.route("**/api/v1/sessions/refresh", async (route) => {
      if (lost > 0) return route.continue();
      lost += 1;
      // Done over there; the answer never arrives.
      await route.fetch();
      await route.abort("connectionreset");
    });
    await page.reload();
    await page.locator("#fleet li").first().waitFor();
    expect(lost).toBe(1);
    await page.close();
  });

  test("breaks neither its own security policy nor anything else", () => {
    expect(complaints).toEqual([]);
  });
});
