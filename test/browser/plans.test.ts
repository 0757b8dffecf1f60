import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Setting,
  settled,
  signedIn,
  signIn,
  startSetting,
  type Visit,
  violationsOf,
  visit,
  withBrowser,
} from "./support/browser.ts";

withBrowser("what is planned, kept out, kept secret and kept on record, in a browser", () => {
  let setting: Setting;
  let visited: Visit;
  let page: Page;
  const complaints: string[] = [];
  beforeAll(async () => {
    setting = await startSetting({ appliances: 6 });
  });
  afterAll(() => setting?.close());
  const acme = () => setting.installation.as("acme");
  /** Somebody who is signed in, at a page. */
  const enter = async (path: string) => {
    visited = await visit(setting.browser, { width: 1440 });
    page = visited.page;
    await signIn(visited, await setting.installation.stack.loginLink("acme"));
    await open(path);
  };
  const open = async (path: string) => {
    await visited.go(path);
    await settled(page);
  };
  const leave = async () => {
    complaints.push(...visited.complaints);
    await visited.close();
  };

  test("words become a schedule's form, the form a schedule; it is approved, paused, changed and removed", async () => {
    await enter("/schedules?new=true");
    await page.getByLabel("What, and when").fill("every monday at 3 update packages");
    await page.getByLabel("On", { exact: true }).fill("site:rome");
    await page.getByRole("option", { name: "site:rome" }).click();
    await page.getByLabel("On", { exact: true }).fill("all");
    await page.getByRole("option", { name: "All appliances" }).click();
    await page.getByLabel("Time zone").fill("Europe/Berlin");
    await page.getByRole("button", { name: "Read it" }).click();
    await page.getByText("every Monday at 03:00", { exact: true }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByLabel("Name", { exact: true }).fill("updates");
    await page.getByRole("button", { name: "Make this schedule" }).click();
    await page.getByRole("heading", { level: 1, name: "updates" }).waitFor();
    const [made] = (await acme()("listSchedules", { query: {} })).items;
    expect(made).toMatchObject({
      name: "updates",
      definition: {
        when: { cron: "0 3 * * 1", timeZone: "Europe/Berlin" },
        steps: [{ action: "packages.update" }],
        targets: ["all"],
      },
    });

    await page.getByLabel("For so many days").fill("30");
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    await page.getByRole("button", { name: "Yes, each time" }).click();
    await page.getByText("Approved", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).click();

    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByText("Any change ends it", { exact: false }).waitFor();
    await page.getByRole("button", { name: "Tue", exact: true }).click();
    await page.getByRole("button", { name: "Save" }).click();
    // The form said the new times already; it is stored when this is said.
    await page.getByText("updates is changed").waitFor();
    await page.getByText("every Monday and Tuesday at 03:00").first().waitFor();
    const scheduleId = made?.id ?? "";
    const changed = await acme()("getSchedule", { params: { scheduleId }, query: {} });
    expect(changed.definition.when).toEqual({ cron: "0 3 * * 1,2", timeZone: "Europe/Berlin" });
    expect(changed.standing).toBeUndefined();

    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("Nothing is done again and again yet").waitFor();
    await leave();
  });

  test("a form says what is wrong with it before it is sent, and where", async () => {
    await enter("/schedules?new=true");
    await page.getByRole("button", { name: "Fill in a form instead" }).click();
    await page.getByLabel("How often").selectOption("custom");
    await page.getByLabel("Pattern").fill("0 25 * * *");
    await page.getByRole("button", { name: "Make this schedule" }).click();
    const told = page.getByRole("alert");
    await told.getByText("When: the hour (0 to 23) cannot be 25").waitFor();
    await told.getByText("On: say on which appliances").waitFor();
    expect((await acme()("listSchedules", { query: {} })).items).toEqual([]);
    await leave();
  });

  test("a freeze holds until it is ended, and a window is drawn and removed", async () => {
    await enter("/freezes?new=freeze");
    await page.getByLabel("Why").fill("moving the office");
    await page.getByRole("dialog").getByRole("button", { name: "Freeze" }).click();
    await page.getByText("Nothing new starts:").waitFor();
    expect((await acme()("listFreezes", {})).items).toMatchObject([{ reason: "moving the office", scope: "tenant" }]);
    await page.getByRole("button", { name: "End it" }).click();
    await page.getByRole("button", { name: "End the freeze" }).click();
    await page.getByText("Changes may start: nothing keeps them out.").waitFor();

    await open("/freezes?new=window");
    await page.getByLabel("What it is").selectOption("blackout");
    await page.getByLabel("Name", { exact: true }).fill("inventory");
    await page.getByLabel("It comes").selectOption("once");
    await page.getByRole("button", { name: "Make this window" }).click();
    await page.getByRole("heading", { level: 3, name: "inventory" }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole("button", { name: "Remove inventory" }).click();
    await page.getByRole("button", { name: "Remove the window" }).click();
    await page.getByText("There are no windows").waitFor();
    await leave();
  });

  test("a secret goes in, is nowhere on the page, and is removed by its name", async () => {
    const value = "correct horse battery staple";
    await enter("/secrets?set=");
    await page.getByLabel("Name", { exact: true }).fill("wifi-key");
    await page.getByLabel("Value").fill(value);
    await page.getByRole("button", { name: "Store it" }).click();
    await page.getByRole("heading", { level: 3, name: "wifi-key" }).waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.content()).not.toContain(value);
    expect(page.url()).not.toContain("correct");
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByLabel("Type wifi-key to go on").fill("wifi-key");
    await page.getByRole("button", { name: "Remove the secret" }).click();
    await page.getByText("There are no secrets yet").waitFor();
    await leave();
  });

  test("thresholds are set for all machines and for one, which then has its own", async () => {
    await enter("/settings?tab=thresholds");
    const disk = (label: string) => page.getByRole("group", { name: /^Fullest disk/ }).getByLabel(label);
    await disk("Steward’s own (80 and 90)").click();
    await disk("Warning from").fill("96");
    await page.getByText("warning must be below critical").waitFor();
    expect(await page.getByRole("button", { name: "Save thresholds" }).isDisabled()).toBe(true);
    await disk("Warning from").fill("70");
    await page.getByRole("button", { name: "Save thresholds" }).click();
    await page.getByText("All machines are judged by them within a minute.").waitFor();
    expect((await acme()("getThresholds", {})).thresholds).toEqual({ diskPercent: [70, 90] });
    expect(await violationsOf(page)).toEqual([]);

    const [node] = (await acme()("listNodes", { query: { kind: "appliance" } })).items;
    await open(`/appliances/${node?.id ?? ""}?tab=configuration`);
    await disk("As your organisation has it").click();
    await disk("Critical from").fill("80");
    await page.getByRole("button", { name: "Save thresholds" }).click();
    await page.getByText("The thresholds count from the next heartbeat on.").waitFor();
    const own = await acme()("getNodeThresholds", { params: { nodeId: node?.id ?? "" } });
    expect(own.thresholds).toEqual({ diskPercent: [70, 80] });
    await leave();
  });

  test("the trail tells what was done, finds it by its filters, and is verified here", async () => {
    await acme()("createSchedule", {
      body: {
        name: "on-record",
        when: { rate: "every 2 days" },
        steps: [{ action: "disk.usage", variables: {} }],
        targets: ["all"],
      },
    });
    await enter("/audit?what=create-schedule");
    await page.getByRole("row").filter({ hasText: "create schedule" }).first().click();
    await page.getByRole("dialog").getByRole("link", { name: /sch_/ }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole("button", { name: "All of this request" }).click();
    await expect
      .poll(() => new URL(page.url()).searchParams.get("request"), { timeout: 15_000 })
      .toMatch(/^[0-9a-f]{32}$/);

    await open("/audit?verify=true");
    // The first seal is made within a minute; before it there is nothing that could be wrong.
    const whole = page.getByText("Whole", { exact: true });
    const soon = page.getByText("There is not one seal to look at");
    await expect
      .poll(
        async () => {
          if (await whole.isVisible()) return true;
          if (await soon.isVisible()) await page.getByRole("button", { name: "Again" }).click();
          return false;
        },
        { timeout: 90_000, interval: 2_000 },
      )
      .toBe(true);
    const kept = await page.evaluate(() => localStorage.getItem("steward.audit") ?? "");
    expect(JSON.parse(kept)).toMatchObject({ trustVersion: 1 });
    await leave();
  }, 120_000);

  test("who has no sign-in pastes a link; what is none is told so, and a used one too", async () => {
    const other = await visit(setting.browser);
    await other.page.goto(setting.installation.stack.apiUrl);
    const field = other.page.getByLabel("One-time link or service token");
    const press = () => other.page.getByRole("button", { name: "Sign in", exact: true }).click();
    await field.fill("not a link");
    await press();
    await other.page.getByText("is neither a link").waitFor();
    expect(await violationsOf(other.page)).toEqual([]);
    const link = await setting.installation.stack.loginLink("acme");
    await field.fill(link);
    await press();
    await signedIn(other.page);
    await other.page.getByRole("button", { name: "Sign out" }).click();
    await field.fill(link);
    await press();
    await other.page.getByRole("alert").waitFor();
    // Somebody else's sign-in, put into this tab's address.
    await other.page.goto(`${setting.installation.stack.apiUrl}/#id_token=a.b.c&state=theirs`);
    await other.page.getByText("This sign-in was not begun in this tab").waitFor();
    expect(other.page.url()).not.toContain("id_token");
    complaints.push(...other.complaints);
    await other.close();
  });

  test("none of it breaks the page's own rules", () => {
    expect(complaints).toEqual([]);
  });
});
