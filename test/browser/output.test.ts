import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { untilEnded } from "../support/installation.ts";
import { overflowOf, type Setting, settled, signIn, startSetting, visit, withBrowser } from "./support/browser.ts";

const playbook = fileURLToPath(new URL("./support/hostile-playbook.sh", import.meta.url));
/** Bidi overrides, zero widths and control characters: they are escapes on the page, or are not there. */
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

withBrowser("the output of a playbook that is made to harm", () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await startSetting({ appliances: 3, executor: { program: playbook } });
  });
  afterAll(() => setting?.close());

  test("is text: its scripts do not run, its escapes draw nothing, its line of a megabyte keeps the page quick", async () => {
    const { installation, browser } = setting;
    const acme = installation.as("acme");
    const own = (await acme("listNodes", { query: { kind: "appliance" } })).items[0];
    const done = await acme("executeCommand", {
      body: { nodeId: own?.id ?? "", action: "disk.usage", variables: {} },
    });
    await untilEnded(acme, done.id);
    const visited = await visit(browser, { width: 1440 });
    const { page, go, complaints, close } = visited;
    await signIn(visited, await installation.stack.loginLink("acme"));
    await go(`/tasks/${done.id}?run=${own?.id ?? ""}`);
    await page.getByText("<script>window.harmed = 1</script>").first().waitFor();
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await settled(page);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      const text: string = await page.evaluate("document.body.innerText + document.title");
      expect(hidden.exec(text)?.[0].charCodeAt(0)).toBeUndefined();
      expect(text).not.toContain("another title");
      // The line is cut until somebody asks for all of it.
      expect(text.length).toBeLessThan(200_000);
    }
    expect(await page.locator("main :is(img, script, b[onmouseover], a[href*=evil])").count()).toBe(0);
    expect(await page.evaluate("'harmed' in window")).toBe(false);
    expect(complaints).toEqual([]);
    await close();
  });
});
