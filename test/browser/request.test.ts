import { createClient } from "@steward/contracts/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchTransport } from "../../packages/local/src/fetch-transport.ts";
import { type Setting, settled, signIn, startSetting, type Visit, visit, withBrowser } from "./support/browser.ts";

withBrowser("a request, from the wish to the trail", () => {
  let setting: Setting;
  let taskId: string;
  const visits: Visit[] = [];
  beforeAll(async () => {
    setting = await startSetting({ appliances: 25 });
  });
  afterAll(() => setting?.close());

  async function enter(link: string): Promise<Visit> {
    const visited = await visit(setting.browser, { width: 1440 });
    visits.push(visited);
    await signIn(visited, link);
    return visited;
  }

  test("whoever runs the installation sees 25 appliances come alive", async () => {
    const { page, close } = await enter(await setting.installation.stack.loginLink("provider"));
    // With the worker, where there is one.
    await page.locator('[aria-label^="Map of 25 machines"]').waitFor();
    await page.getByText(/^healthy 2\d$/).waitFor();
    await close();
  });

  test("a wish becomes a plan, a value is edited, previewed, approved, done, and found in the trail", async () => {
    const { stack } = setting.installation;
    const acme = setting.installation.as("acme");
    const { page, go, close } = await enter(await stack.loginLink("acme"));
    const { items } = await acme("listNodes", { query: { kind: "appliance" } });
    const target = items[0]?.name ?? "";

    await page.getByRole("link", { name: "Ask", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Ask for a change" }).waitFor();
    await page.getByLabel("What should be done").fill("add user jhon");
    await page.getByRole("combobox", { name: "Where" }).fill(target);
    await page.getByRole("option", { name: target }).click();
    await page.getByRole("button", { name: "Show the plan" }).click();

    await page.getByRole("heading", { name: "The plan" }).waitFor();
    await page.getByText("jhon", { exact: true }).first().waitFor();
    const asked = new URL(page.url()).searchParams.get("task");
    await page.getByRole("button", { name: /^Edit/ }).click();
    await page.getByRole("textbox", { name: /user ?name/i }).fill("john");
    await page.getByRole("button", { name: "Plan with these values" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get("task"), { timeout: 15_000 }).not.toBe(asked);
    taskId = new URL(page.url()).searchParams.get("task") ?? "";
    await page.getByText("john", { exact: true }).first().waitFor();

    await page.getByRole("button", { name: /^Preview/ }).click();
    await expect
      .poll(() => acme("getTask", { params: { taskId } }).then(({ previewTaskId }) => previewTaskId), {
        timeout: 15_000,
      })
      .toBeDefined();
    await page.getByRole("button", { name: "Approve and start" }).click();
    // Its preview was simulated as well: the status of the task itself is beside its words.
    await page.locator("main header [role=status]", { hasText: "simulated" }).waitFor({ timeout: 30_000 });
    const done = await acme("getTask", { params: { taskId } });
    expect(done).toMatchObject({ status: "simulated", plan: { steps: [{ variables: { username: "john" } }] } });
    // The plan before it waits for nobody any more.
    expect((await acme("getTask", { params: { taskId: asked ?? "" } })).status).toBe("cancelled");

    await go(`/tasks/${taskId}`);
    await settled(page);
    expect(await page.locator("main").innerText()).toContain(target);
    await page.getByRole("link", { name: "Audit", exact: true }).click();
    await settled(page);
    await page.getByText(taskId).first().waitFor();
    await close();
  });

  test("a viewer sees the same, without a button that changes something; and the API refuses", async () => {
    const { installation } = setting;
    const tenantId = installation.tenantId("acme");
    const { apiUrl } = installation.stack;
    const invite = () =>
      installation.as("acme")("invitePrincipal", {
        body: { name: "Vera", grants: [{ tenant: tenantId, role: "viewer" }] },
      });
    const waiting = await installation.as("acme")("submitTask", {
      body: { instruction: "add user bea", targets: ["all"], confirm: true },
    });
    const { page, go, close } = await enter(`${apiUrl}/#login=${(await invite()).link.token}`);
    await go(`/tasks/${waiting.id}`);
    await settled(page);
    await page.getByText("add user bea").first().waitFor();
    const changing = /approve|do it|reject|cancel|retry|undo|pause|preview|edit|escalate/i;
    const names = await page.locator("main button:visible").allInnerTexts();
    expect(names.filter((name) => changing.test(name))).toEqual([]);
    await go("/appliances");
    await settled(page);
    expect(await page.getByRole("button", { name: /add an appliance/i }).count()).toBe(0);
    const pages = await page.locator("nav[aria-label=Pages] a").allInnerTexts();
    for (const adminOnly of ["People", "Tokens", "Audit", "Secrets"]) expect(pages).not.toContain(adminOnly);

    const anybody = createClient({ baseUrl: apiUrl, transport: fetchTransport });
    const { accessToken } = await anybody("createSession", { body: { bootstrapToken: (await invite()).link.token } });
    const viewer = createClient({
      baseUrl: apiUrl,
      transport: fetchTransport,
      headers: () => ({ authorization: `Bearer ${accessToken}`, "steward-tenant": tenantId }),
    });
    const plan = (await viewer("getTask", { params: { taskId: waiting.id } })).plan;
    await expect(
      viewer("approveTask", { params: { taskId: waiting.id }, body: { planHash: plan?.planHash ?? "" } }),
    ).rejects.toMatchObject({ code: "forbidden" });
    await expect(viewer("cancelTask", { params: { taskId: waiting.id }, body: {} })).rejects.toMatchObject({
      code: "forbidden",
    });
    await close();
  });

  test("nothing of that was an error, nor against the page's rules", () => {
    expect(visits.flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
