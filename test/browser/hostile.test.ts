import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { NodeClient } from "@steward/node-client/node-client";
import { untilEnded } from "../support/installation.ts";
import {
  overflowOf,
  type Setting,
  settled,
  signIn,
  startSetting,
  type Visit,
  visit,
  withBrowser,
} from "./support/browser.ts";

const playbook = fileURLToPath(new URL("./support/hostile-playbook.sh", import.meta.url));
const words = `<script>window.harmed = 1</script> \u202enimda\u202c \u200b ${"verylongword".repeat(25)} "><img src=x onerror=window.harmed=1>`;
const name = "<img src=x onerror=window.harmed=1>";
/** Bidi overrides, zero widths and control characters: they are escapes on the page, or are not there. */
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

withBrowser("text that is made to harm", () => {
  let setting: Setting;
  let appliance: NodeClient;
  let nodeId: string;
  let tasks: { asked: string; done: string };
  const visits: Visit[] = [];

  beforeAll(async () => {
    setting = await startSetting({ appliances: 3, executor: { program: playbook } });
    const { installation } = setting;
    const acme = installation.as("acme");
    const own = (await acme("listNodes", { query: { kind: "appliance" } })).items[0];
    if (own === undefined) throw new Error("there is no appliance");
    const asked = await acme("submitTask", { body: { instruction: words, targets: [own.name] } });
    const done = await acme("executeCommand", { body: { nodeId: own.id, action: "disk.usage", variables: {} } });
    await untilEnded(acme, done.id);
    tasks = { asked: asked.id, done: done.id };
    // A machine of its own says what it likes of itself.
    appliance = await installation.enrol("appliance", "hostile", "acme");
    nodeId = appliance.identity.nodeId;
    await appliance.call("putFacts", {
      params: { nodeId },
      body: {
        hostname: words.slice(0, 250),
        users: [name, "\u202enimda\u202c"],
        shares: [name],
        services: ["a\u200bb"],
        versions: { [name]: name },
      },
    });
    await installation
      .as("provider")("createTenant", { body: { name: words.slice(0, 60).trim() } })
      .catch(() => undefined);
  });
  afterAll(() => setting?.close());

  /** Looks at a page in both widths, and gives what is wrong with it. */
  async function harmIn(page: Page, where: string): Promise<string[]> {
    const faults: string[] = [];
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await settled(page);
      const over = await overflowOf(page);
      if (over > 0) faults.push(`${where}: ${over} px wider than a window of ${width}`);
      const text: string = await page.evaluate("document.body.innerText + document.title");
      const found = hidden.exec(text);
      if (found !== null)
        faults.push(
          `${where}: U+${found[0].charCodeAt(0).toString(16)} after ${text.slice(Math.max(0, found.index - 30), found.index)}`,
        );
      if ((await page.locator("main img, main script, main b[onmouseover]").count()) > 0)
        faults.push(`${where}: became elements`);
      if (await page.evaluate("'harmed' in window")) faults.push(`${where}: ran`);
    }
    return faults;
  }

  test("is text and nothing else on every page that shows it, and fits it", async () => {
    const { installation, browser } = setting;
    const faults: string[] = [];
    for (const [slug, paths] of Object.entries({
      acme: [
        "/",
        "/ask",
        "/tasks",
        `/tasks/${tasks.asked}`,
        `/tasks/${tasks.done}`,
        `/appliances/${nodeId}`,
        "/appliances",
        "/audit",
        "/topology",
      ],
      provider: ["/", "/tasks", "/tenants", "/flow"],
    })) {
      const visited = await visit(browser, { width: 1440 });
      visits.push(visited);
      await signIn(visited, await installation.stack.loginLink(slug));
      for (const path of paths) {
        await visited.go(path);
        await settled(visited.page);
        // It is there, with what is hidden in it to be seen.
        if (path === "/tasks") await visited.page.locator("main").getByText("\\u202enimda").first().waitFor();
        faults.push(...(await harmIn(visited.page, `${slug} ${path}`)));
      }
    }
    expect(faults).toEqual([]);
  });

  test("in an output of a megabyte in one line, with escapes that draw over the screen, is shown harmlessly", async () => {
    const { installation, browser } = setting;
    const visited = await visit(browser, { width: 1440 });
    visits.push(visited);
    const { page, go } = visited;
    await signIn(visited, await installation.stack.loginLink("acme"));
    const [run] = (await installation.as("acme")("getTask", { params: { taskId: tasks.done } })).runs ?? [];
    await go(`/tasks/${tasks.done}?run=${run?.applianceId ?? ""}`);
    await page.getByText("<script>window.harmed = 1</script>").first().waitFor();
    expect(await page.title()).not.toContain("another title");
    expect(await page.locator("main a[href*='evil']").count()).toBe(0);
    // The line of a megabyte is cut until somebody asks for it: the page stays quick.
    const drawn: number = await page.evaluate("document.querySelector('main').innerText.length");
    expect(drawn).toBeLessThan(200_000);
    expect(await harmIn(page, "output")).toEqual([]);
    await page.close();
  });

  test("makes the page complain of nothing", () => {
    expect(visits.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
