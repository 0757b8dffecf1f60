import type { Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  overflowOf,
  pictureFile,
  type Setting,
  settled,
  signIn,
  startSetting,
  type Visit,
  violationsOf,
  visit,
  type VisitOptions,
  withBrowser,
} from "./support/browser.ts";

/** Names as nobody would give them, but for harm: markup, letters that turn the line around, a terminal's codes, length. */
const hostile = {
  markup: "<img src=x onerror=alert(1)><script>alert(2)</script>",
  turned: "safe\u202egnp.exe",
  terminal: "\u001b[31mred\u001b[0m",
  long: "W".repeat(400),
};

/** Every page, with what is in its address where it is about one thing. Filled when the things are there. */
const customerPages: Record<string, string> = {
  home: "/",
  ask: "/ask",
  tasks: "/tasks",
  actions: "/actions",
  action: "/actions/users.add",
  schedules: "/schedules",
  freezes: "/freezes",
  appliances: "/appliances",
  alerts: "/alerts",
  workers: "/workers",
  queue: "/queues/rollouts",
  topology: "/topology",
  flow: "/flow",
  confirm: "/confirm",
  people: "/people",
  tokens: "/tokens",
  certificates: "/certificates",
  secrets: "/secrets",
  notifications: "/notifications",
  audit: "/audit",
  settings: "/settings",
};
/** A form that needs no answer to be filled in, and what the first page has asked for already. */
const asksNothing = new Set(["ask", "actions"]);
const staffPages: Record<string, string> = { overview: "/", tenants: "/tenants" };

withBrowser("every page", () => {
  let setting: Setting;
  const visits: Visit[] = [];

  beforeAll(async () => {
    setting = await startSetting({ appliances: 12, worker: {}, troubles: true });
    const { installation } = setting;
    const acme = installation.as("acme");
    const { items } = await acme("listNodes", { query: { kind: "appliance" } });
    const [node] = items;
    if (node === undefined) throw new Error("there is no appliance");
    const done = await acme("submitTask", {
      body: { steps: [{ action: "users.add", variables: { username: "john" } }], targets: [node.name] },
    });
    for (const words of [hostile.markup, `add user bob ${hostile.turned}`, hostile.long]) {
      await acme("submitTask", { body: { instruction: words, targets: [node.name] } });
    }
    customerPages["task"] = `/tasks/${done.id}`;
    customerPages["appliance"] = `/appliances/${node.id}`;
    staffPages["tenant"] = `/tenants/${installation.tenantId("acme")}`;
    const workers = await installation.as("provider")("listNodes", { query: { kind: "worker" } });
    staffPages["worker"] = `/workers/${workers.items[0]?.id ?? "wrk_none"}`;
  });
  afterAll(() => setting?.close());

  async function enter(slug: string, options: VisitOptions = {}): Promise<Visit> {
    const visited = await visit(setting.browser, options);
    visits.push(visited);
    await signIn(visited, await setting.installation.stack.loginLink(slug));
    return visited;
  }

  describe.each([
    ["light", 1440, true],
    ["dark", 1440, false],
    ["light", 390, false],
    ["dark", 390, true],
  ] as const)("%s, %i wide", (theme, width, judged) => {
    test.each([
      ["acme", customerPages],
      ["provider", staffPages],
    ] as const)("for %s: fits, is drawn, and has no fault that axe knows", async (slug, pages) => {
      const { page, go, complaints, close } = await enter(slug, { theme, width });
      const faults: Record<string, unknown> = {};
      for (const [name, path] of Object.entries(pages)) {
        await go(path);
        await settled(page);
        const found = judged ? await violationsOf(page) : [];
        const wider = await overflowOf(page);
        const empty = (await page.locator("main").innerText()).trim().length < 30 ? ["nothing is there"] : [];
        const all = [
          ...found,
          ...(wider > 0 ? [`is ${wider} px wider than its window`] : []),
          ...empty,
          ...complaints.splice(0),
        ];
        if (all.length > 0) faults[name] = all;
        await page.screenshot({ path: pictureFile(`${name}-${theme}-${width}`), fullPage: true });
      }
      expect(faults).toEqual({});
      await close();
    });
  });

  describe("stays of use when the API", () => {
    const sessions = /\/api\/v1\/sessions/;
    const problem =
      (status: number, code: string, detail: string, headers: Record<string, string> = {}) =>
      (route: Route) =>
        route.fulfill({
          status,
          headers: { "content-type": "application/problem+json", ...headers },
          body: JSON.stringify({ type: `urn:steward:problem:${code}`, title: detail, status, code, detail }),
        });
    test.each<[string, RegExp, (route: Route) => Promise<void>]>([
      ["is not there", /does not answer|cannot be (listed|reached)/i, (route) => route.abort("connectionrefused")],
      [
        "refuses the token",
        /not signed in|sign-in is over|token is not good/i,
        problem(401, "unauthenticated", "the token is not good"),
      ],
      ["forbids it", /not allowed|for admins/i, problem(403, "forbidden", "this is for admins")],
      [
        "has had enough",
        /too many requests|slower, please|still waiting/i,
        problem(429, "too_many_requests", "slower, please", { "retry-after": "7" }),
      ],
      ["fails", /went wrong on our side|something broke/i, problem(500, "internal", "something broke")],
      [
        "answers what is no answer",
        /not available right now|server answered 502/i,
        (route) => route.fulfill({ status: 502, body: "<html>Bad Gateway</html>" }),
      ],
    ])("%s", async (_name, says, answer) => {
      const { page, go, complaints, close } = await enter("acme");
      await page.context().route(/\/api\/v1\//, async (route) => {
        if (sessions.test(route.request().url())) await route.continue();
        else await answer(route);
      });
      const faults: Record<string, unknown> = {};
      for (const [name, path] of Object.entries(customerPages)) {
        await go(path);
        const told = page.locator("main, body").getByText(/\S/).first();
        await told.waitFor();
        await page.locator("h1").first().waitFor();
        // It says what is the matter; a page of which nothing was asked yet (a form) is there as it is. What was answered a
        // moment before the API broke is asked again with the next look at it, which is after a quarter of a minute at most.
        const isSaid = await page
          .getByText(says)
          .first()
          .waitFor({ timeout: asksNothing.has(name) ? 1 : 20_000 })
          .then(
            () => true,
            () => asksNothing.has(name),
          );
        const text = (await page.locator("body").innerText()).trim();
        const all = [
          ...(text.length < 60 ? [`is blank: ${text}`] : []),
          ...(isSaid ? [] : [`does not say so: ${(await page.locator("main").innerText()).slice(0, 300)}`]),
          ...complaints.splice(0),
        ];
        if (all.length > 0) faults[name] = all;
      }
      expect(faults).toEqual({});
      await close();
    });

    test("takes five seconds: the page is there at once, says that it waits, and then has it", async () => {
      const { page, go, close } = await enter("acme");
      await page.context().route(/\/api\/v1\/(tasks|nodes)/, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        await route.continue().catch(() => undefined);
      });
      await go("/tasks");
      await page.getByRole("heading", { level: 1, name: "Tasks" }).waitFor({ timeout: 2_000 });
      await page
        .getByText(/slow to answer/i)
        .first()
        .waitFor({ timeout: 5_000 });
      await settled(page);
      await page.getByText("users.add").first().waitFor();
      await close();
    });

    test("comes back: what was there stays, marked as not live, and heals by itself", async () => {
      const { page, go, close } = await enter("acme");
      await go("/tasks");
      await settled(page);
      await page.getByText("users.add").first().waitFor();
      let down = true;
      await page
        .context()
        .route(/\/api\/v1\//, (route) => (down ? route.abort("connectionrefused") : route.continue()));
      await page
        .getByText(/not live/i)
        .first()
        .waitFor({ timeout: 20_000 });
      await page.getByText("users.add").first().waitFor();
      down = false;
      await expect
        .poll(
          () =>
            page
              .locator("main")
              .getByText(/not live/i)
              .count(),
          { timeout: 45_000 },
        )
        .toBe(0);
      await close();
    });
  });

  test("what strangers say is shown harmlessly", async () => {
    const { page, go, complaints, close } = await enter("acme");
    let dialogs = 0;
    page.on("dialog", (dialog) => {
      dialogs += 1;
      void dialog.dismiss();
    });
    await go("/tasks");
    await settled(page);
    await page.getByText(hostile.markup).first().waitFor();
    await page.getByText("\\u202e").first().waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.evaluate("document.body.innerText.includes('\\u202e')")).toBe(false);
    expect(await overflowOf(page)).toBe(0);
    expect(dialogs).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });
});
