import type { Client } from "@steward/contracts/client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { approve, untilEnded } from "../support/installation.ts";
import { describeWithSandbox, withRealAnsible } from "../support/sandbox.ts";
import {
  type Setting,
  settled,
  signIn,
  startSetting,
  type Visit,
  violationsOf,
  visit,
  withBrowser,
} from "./support/browser.ts";

/* What only real Ansible on a real appliance has to show: lines that a file would get, what was taken back, a password. */
describeWithSandbox("a change of a real appliance", () => {
  withBrowser("in a browser", () => {
    let setting: Setting;
    let acme: Client;
    let name: string;
    const visits: Visit[] = [];

    beforeAll(async () => {
      setting = await startSetting({ appliances: 3, ...withRealAnsible() });
      acme = setting.installation.as("acme");
      name = (await acme("listNodes", { query: { kind: "appliance" } })).items[0]?.name ?? "";
    }, 300_000);
    afterAll(async () => {
      await setting?.close();
      vi.unstubAllEnvs();
    });

    /** An administrator at a task's page. */
    async function look(taskId: string): Promise<Visit> {
      const visited = await visit(setting.browser, { width: 1440 });
      visits.push(visited);
      await signIn(visited, await setting.installation.stack.loginLink("acme"));
      await visited.go(`/tasks/${taskId}`);
      await settled(visited.page);
      return visited;
    }
    const statusOf = ({ page }: Visit, text: string) =>
      page.locator("main header", { hasText: text }).first().waitFor({ timeout: 200_000 });
    const ask = (action: string, variables: Record<string, string>) =>
      acme("submitTask", { body: { steps: [{ action, variables }], targets: [name], confirm: true } });

    test("its preview shows the lines that files would get; it is done, and taken back", async () => {
      const asked = await ask("dns.server.setup", { domain: "home.example" });
      const visited = await look(asked.id);
      const { page, close } = visited;
      await page.getByRole("button", { name: "Preview what would change" }).click();
      const lines = page.locator("pre[aria-label^='Changes:']", { hasText: "home.example" }).first();
      await lines.waitFor({ timeout: 200_000 });
      expect(await lines.textContent()).toContain("+added: domain=home.example");
      expect(await violationsOf(page)).toEqual([]);

      await page.getByRole("button", { name: "Approve and start" }).click();
      await statusOf(visited, "succeeded");
      await page.getByRole("button", { name: "Undo", exact: true }).click();
      await page.getByRole("dialog").getByLabel("Why").fill("it was for the other house");
      await page.getByRole("button", { name: "Undo it" }).click();
      await page.getByText("Undone on 1 of 1 appliance.").first().waitFor({ timeout: 200_000 });
      await page.getByText("Take away the file that was not there").first().waitFor();
      const ended = await acme("getTask", { params: { taskId: asked.id } });
      expect(ended.result?.counts).toMatchObject({ undone: 1 });
      await close();
    });

    test("while nothing may be changed an approver breaks the glass, with a reason that is kept", async () => {
      const hour = 3_600_000;
      const window = await acme("createWindow", {
        body: {
          kind: "blackout",
          name: "inventory",
          when: {
            from: new Date(Date.now() - hour).toISOString(),
            until: new Date(Date.now() + hour).toISOString(),
          },
        },
      });
      const asked = await ask("users.add", { username: "john" });
      const visited = await look(asked.id);
      const { page, close } = visited;
      await page
        .getByText(/inventory/)
        .first()
        .waitFor();
      await page.getByText("It cannot wait for the rules").click();
      await page.getByRole("button", { name: /^Break the glass/ }).click();
      const sure = page.getByRole("button", { name: "Do it on my word" });
      expect(await sure.isDisabled()).toBe(true);
      await page.getByLabel("Why it cannot wait").fill("John starts in an hour");
      await sure.click();
      await statusOf(visited, "succeeded");
      await visited.go("/audit");
      await settled(page);
      await page.getByText(/break/i).first().waitFor();
      await acme("removeWindow", { params: { windowId: window.id } });
      await close();
    });

    test("a password that it made is shown once, to whoever asked", async () => {
      const asked = await ask("users.password.reset", { username: "john" });
      await approve(acme, asked);
      const done = await untilEnded(acme, asked.id, 200_000);
      expect(done, JSON.stringify(done.runs)).toMatchObject({ status: "succeeded", secrets: [{ status: "waiting" }] });
      const { page, go, close } = await look(asked.id);
      await page.getByRole("button", { name: "Open", exact: true }).click();
      await page.getByRole("button", { name: "Show", exact: true }).click();
      const shown = page.getByRole("dialog").locator("code").first();
      await shown.waitFor();
      const password = await shown.innerText();
      expect(password).toMatch(/^[a-z2-9]{6}(?:-[a-z2-9]{6}){3}$/);
      expect(await violationsOf(page)).toEqual([]);
      await page.getByRole("button", { name: "I have kept it" }).click();
      await page.getByText("opened", { exact: true }).first().waitFor();
      // It is gone: from this page, from where the tab keeps things, and after the page was left and come back to.
      const kept = "JSON.stringify([localStorage, sessionStorage]) + document.documentElement.outerHTML";
      expect(await page.evaluate(kept)).not.toContain(password);
      await go("/tasks");
      await go(`/tasks/${asked.id}`);
      await settled(page);
      expect(await page.evaluate(kept)).not.toContain(password);
      expect(await page.getByRole("button", { name: "Open", exact: true }).count()).toBe(0);
      await close();
    });

    test("nothing of that was an error, nor against the page's rules", () => {
      expect(visits.flatMap(({ complaints }) => complaints)).toEqual([]);
    });
  });
});
