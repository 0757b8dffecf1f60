import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Setting, signedIn, signIn, startSetting, type Visit, visit, withBrowser } from "./support/browser.ts";

withBrowser("a browser that signs in", () => {
  let setting: Setting;
  const visits: Visit[] = [];
  beforeAll(async () => {
    setting = await startSetting({ appliances: 6 });
  });
  afterAll(() => setting?.close());

  async function enter(): Promise<Visit> {
    const visited = await visit(setting.browser);
    visits.push(visited);
    await signIn(visited, await setting.installation.stack.loginLink("acme"));
    return visited;
  }
  const keptBy = (page: Page) => page.evaluate(() => sessionStorage.getItem("steward.refresh-token"));

  test("by the link, which leaves no token in the address, and sees its machines", async () => {
    const { page, called, close } = await enter();
    expect(page.url()).not.toContain("login=");
    await page.getByRole("link", { name: "Appliances", exact: true }).click();
    const { items } = await setting.installation.as("acme")("listNodes", { query: { kind: "appliance" } });
    for (const node of items) await page.getByText(node.name, { exact: true }).first().waitFor();
    // Each call is a request by itself, whose name whoever looks for it finds in logs and trail.
    expect(called).not.toContain(undefined);
    expect(new Set(called).size).toBe(called.length);
    expect(called.length).toBeGreaterThan(2);
    await close();
  });

  test("a link that was used signs nobody in, and the page says how to get another", async () => {
    const link = await setting.installation.stack.loginLink("acme");
    const first = await visit(setting.browser);
    await signIn(first, link);
    await first.close();
    const second = await visit(setting.browser);
    visits.push(second);
    await second.page.goto(link);
    await second.page.getByText("npm start").first().waitFor();
    expect(await second.page.locator("nav[aria-label=Pages]").count()).toBe(0);
    await second.close();
  });

  test("a link of somebody else's, opened in the same tab, shows theirs and nothing of who was there before", async () => {
    const { page, close } = await enter();
    await page.getByText("Acme").first().waitFor();
    // Of the address only the fragment changes: nothing is loaded anew.
    await page.goto(await setting.installation.stack.loginLink("birch"));
    // At once, and not when it is asked again who is here, a quarter of a minute later.
    await page.getByText("Birch").first().waitFor({ timeout: 9_000 });
    expect(await page.locator("body").innerText()).not.toMatch(/acme/i);
    await close();
  });

  test("a deep link is the page that it names, once somebody is signed in, also after a reload", async () => {
    const { page, close } = await enter();
    await page.goto(`${setting.installation.stack.apiUrl}/appliances?q=berlin`);
    await page.getByRole("heading", { level: 1, name: "Appliances" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Appliances" }).waitFor();
    expect(new URL(page.url()).search).toContain("berlin");
    await close();
  });

  test("a tab that was duplicated shares the sign-in: each goes on with the newest refresh token", async () => {
    const { page, close } = await enter();
    const before = await keptBy(page);
    const opened = page.waitForEvent("popup");
    // A tab that is opened from here gets a copy of what this one keeps, and has no access token yet.
    await page.evaluate("void window.open(location.href)");
    const copy = await opened;
    await signedIn(copy);
    await expect.poll(() => keptBy(copy), { timeout: 15_000 }).not.toBe(before);
    const after = await keptBy(copy);
    await page.waitForFunction((token) => sessionStorage.getItem("steward.refresh-token") === token, after);
    await page.reload();
    await signedIn(page);
    await copy.reload();
    await signedIn(copy);
    await close();
  });

  test("a reply to a refresh that is lost signs nobody out", async () => {
    const { page, close } = await enter();
    let lost = 0;
    await page.route("**/api/v1/sessions/refresh", async (route) => {
      if (lost > 0) return route.continue();
      lost += 1;
      // Done over there; the answer never arrives.
      await route.fetch();
      await route.abort("connectionreset");
    });
    await page.reload();
    await signedIn(page);
    expect(lost).toBe(1);
    await close();
  });

  test("nothing but the choice of light or dark outlives the tab", async () => {
    const { page, close } = await enter();
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual(["steward.theme"]);
    expect(await page.evaluate("document.cookie")).toBe("");
    await close();
  });

  test("the pages break neither their own rules nor anything else", () => {
    expect(visits.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
