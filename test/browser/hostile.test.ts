import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  overflowOf,
  pictureFile,
  type Setting,
  settled,
  signIn,
  startSetting,
  until,
  type Visit,
  visit,
  withBrowser,
} from "./support/browser.ts";
import { harmDone, makeAnswersHostile } from "./support/hostile-answers.ts";

/** Marks the heading of the page that is left: the next one has a heading of its own, unless it is the same page. */
async function leave(page: Page, path: string): Promise<void> {
  const { pathname } = new URL(path, page.url());
  if (pathname === new URL(page.url()).pathname) return;
  await page.evaluate("document.querySelector('main h1')?.setAttribute('data-left', '')");
}

withBrowser("what strangers say", () => {
  let setting: Setting;
  const paths = [
    "/ask",
    "/tasks",
    "/appliances",
    "/confirm",
    "/certificates",
    "/topology",
    "/flow",
    "/alerts",
    "/actions",
    "/actions/users.add",
    "/schedules",
    "/freezes",
    "/notifications",
    "/people",
    "/tokens",
    "/audit",
    "/secrets",
    "/settings",
    "/settings?tab=thresholds",
    "/settings?tab=installation",
  ];
  // Kept until the end: a picture of what failed is taken of them.
  const visits: Visit[] = [];

  beforeAll(async () => {
    setting = await startSetting({ appliances: 4, troubles: true });
    const { installation } = setting;
    const acme = installation.as("acme");
    const { items } = await acme("listNodes", { query: { kind: "appliance" } });
    const targets = [items[0]?.name ?? ""];
    const steps = [{ action: "users.add", variables: { username: "john" } }];
    const done = await acme("submitTask", { body: { steps, targets } });
    const refused = await acme("submitTask", { body: { instruction: "make me a sandwich", targets } });
    await acme("putPolicy", { body: { forbid: [{ action: "mail.*", why: "by hand only" }] } });
    // Never two of a kind one after the other: they would have one heading (see `leave`).
    paths.push(`/settings?tab=gate&task=${done.id}`, `/tasks/${done.id}`);
    paths.push(`/appliances/${items[0]?.id ?? ""}`, `/tasks/${refused.id}`);
  });
  afterAll(async () => {
    for (const visited of visits) await visited.close();
    await setting?.close();
  });

  test.each([1440, 390])("is text and nothing else on every page, %i wide", async (width) => {
    const { installation, browser } = setting;
    const faults: Record<string, unknown> = {};
    for (const [slug, list] of [
      ["acme", ["/", ...paths]],
      ["provider", ["/", "/tenants", `/tenants/${installation.tenantId("acme")}`]],
    ] as const) {
      const visited = await visit(browser, { width });
      visits.push(visited);
      const { page, complaints } = visited;
      await makeAnswersHostile(page);
      await signIn(visited, await installation.stack.loginLink(slug));
      for (const path of list) {
        await leave(page, path);
        await visited.go(path);
        await until(page, "document.querySelector('main h1:not([data-left])') !== null");
        await settled(page);
        const wider = await overflowOf(page);
        const all = [
          ...(await harmDone(page)),
          ...(wider > 0 ? [`is ${wider} px wider than its window`] : []),
          ...complaints.splice(0),
        ];
        if (all.length === 0) continue;
        faults[`${slug} ${path}`] = all;
        const name = path.replaceAll(/[^a-z0-9]+/gi, "-");
        await page.screenshot({ path: pictureFile(`hostile${name}-${width}`), fullPage: true });
      }
    }
    expect(faults).toEqual({});
  });
});
