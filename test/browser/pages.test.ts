import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installation, untilEnded } from "../support/installation.ts";
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
  withBrowser,
} from "./support/browser.ts";

const widths = { wide: 1440, phone: 390 } as const;

interface Place {
  /** The screenshot's name. */
  name: string;
  path: string;
  as: "acme" | "provider";
}

/** Every page there is; the last test but one looks whether the side bar knows another. */
async function placesOf(installation: Installation): Promise<Place[]> {
  const acme = installation.as("acme");
  const appliance = (await acme("listNodes", { query: { kind: "appliance" } })).items[0];
  if (appliance === undefined) throw new Error("there is no appliance");
  const task = await acme("submitTask", { body: { instruction: "add user ann", targets: [appliance.name] } });
  const done = await acme("executeCommand", { body: { nodeId: appliance.id, action: "disk.usage", variables: {} } });
  await untilEnded(acme, done.id);
  const schedule = await acme("createSchedule", {
    body: {
      name: "disks-every-morning",
      when: { cron: "0 7 * * *", timeZone: "Europe/Berlin" },
      steps: [{ action: "disk.usage", variables: {} }],
      targets: ["all"],
    },
  });
  const worker = (await installation.as("provider")("listNodes", { query: { kind: "worker" } })).items[0];
  if (worker === undefined) throw new Error("there is no worker");
  const tenantId = installation.tenantId("acme");
  const staff = (name: string, path: string): Place => ({ name, path, as: "provider" });
  const own = (name: string, path: string): Place => ({ name, path, as: "acme" });
  return [
    own("home", "/"),
    own("ask", "/ask"),
    own("tasks", "/tasks"),
    own("task-waits", `/tasks/${task.id}`),
    own("task-ended", `/tasks/${done.id}`),
    own("appliances", "/appliances"),
    own("appliance", `/appliances/${appliance.id}`),
    own("alerts", "/alerts"),
    own("actions", "/actions"),
    own("action", "/actions/users.add"),
    own("schedules", "/schedules"),
    own("schedule", `/schedules/${schedule.id}`),
    own("freezes", "/freezes"),
    own("notifications", "/notifications"),
    own("confirm", "/confirm"),
    own("certificates", "/certificates"),
    own("people", "/people"),
    own("tokens", "/tokens"),
    own("audit", "/audit"),
    own("secrets", "/secrets"),
    own("settings", "/settings"),
    staff("overview", "/"),
    staff("tasks-of-all", "/tasks"),
    staff("appliances-of-all", "/appliances"),
    staff("workers", "/workers"),
    staff("worker", `/workers/${worker.id}`),
    staff("queue", "/queues/rollouts"),
    staff("topology", "/topology"),
    staff("flow", "/flow"),
    staff("tenants", "/tenants"),
    staff("tenant", `/tenants/${tenantId}`),
  ];
}

/** What the API may do to a page, and what the page must then say. */
const troubles: { name: string; answer: (route: Route) => Promise<void>; says: RegExp }[] = [
  { name: "down", answer: (route) => route.abort("connectionrefused"), says: /does not answer/i },
  { name: "403", answer: problem(403, "forbidden", "not for you"), says: /not allowed|not for you/i },
  {
    name: "429",
    answer: problem(429, "too_many_requests", "slowly", { "retry-after": "7" }),
    says: /too many requests/i,
  },
  { name: "500", answer: problem(500, "internal", "it broke"), says: /went wrong on our side/i },
];

function problem(status: number, code: string, detail: string, headers: Record<string, string> = {}) {
  const body = {
    type: `https://steward.dev/problems/${code}`,
    title: code,
    status,
    code,
    detail,
    requestId: "0".repeat(32),
  };
  return (route: Route) =>
    route.fulfill({ status, headers, contentType: "application/problem+json", body: JSON.stringify(body) });
}

/** By the button that everybody has: plots and maps draw anew when it is pressed. */
async function showTheme(page: Page, theme: "light" | "dark"): Promise<void> {
  for (let press = 0; press < 3; press += 1) {
    if ((await page.evaluate("document.documentElement.dataset.theme")) === theme) return;
    await page.getByRole("button", { name: /^Theme:/ }).click();
  }
  throw new Error(`there is no theme ${theme}`);
}

/** Whatever a page asks for beside who is signed in. */
const asked = (url: URL) =>
  url.pathname.startsWith("/api/v1/") && !/\/(sessions|sessions\/refresh|whoami|tenants)$/.test(url.pathname);

withBrowser("every page", () => {
  let setting: Setting;
  let installation: Installation;
  let visitors: Record<Place["as"], Visit>;
  let places: Place[];

  const enter = async (slug: string): Promise<Visit> => {
    const visited = await visit(setting.browser, { width: widths.wide });
    await signIn(visited, await installation.stack.loginLink(slug));
    return visited;
  };

  beforeAll(async () => {
    // The model answers nothing: its worker is there to be seen.
    setting = await startSetting({ appliances: 12, troubles: true, worker: {} });
    installation = setting.installation;
    visitors = { acme: await enter("acme"), provider: await enter("provider") };
    places = await placesOf(installation);
  });
  afterAll(() => setting?.close());

  test("has no fault that axe finds, fits its window, and is not blank: in both themes and two widths", async () => {
    const faults: string[] = [];
    for (const { name, path, as } of places) {
      const { page } = visitors[as];
      await page.goto(installation.stack.apiUrl + path);
      await settled(page).catch(() => faults.push(`${name}: still loading`));
      for (const theme of ["light", "dark"] as const) {
        for (const [size, width] of Object.entries(widths)) {
          await page.setViewportSize({ width, height: size === "phone" ? 844 : 900 });
          await showTheme(page, theme);
          const where = `${name} ${theme} ${size}`;
          await page.screenshot({ path: pictureFile(`${name}-${theme}-${size}`), fullPage: true });
          // A phone's page differs from the wide one in its order and sizes, and not in its colours.
          if (size === "wide" || theme === "light") {
            for (const violation of await violationsOf(page)) faults.push(`${where}: ${violation}`);
          }
          const over = await overflowOf(page);
          if (over > 0) faults.push(`${where}: ${over} px wider than its window`);
        }
      }
      if ((await page.locator("main").innerText()).length < 20) faults.push(`${name}: is blank`);
      await page.setViewportSize({ width: widths.wide, height: 900 });
    }
    expect(faults).toEqual([]);
  }, 400_000);

  test.each(troubles)(
    "says what is wrong and what comes next when the API answers: $name",
    async ({ answer, says }) => {
      const faults: string[] = [];
      for (const { name, path, as } of places) {
        const { page, complaints } = visitors[as];
        await page.route(asked, answer);
        await page.goto(installation.stack.apiUrl + path);
        await page.locator("main h1").first().waitFor();
        const said = page.locator("main").getByText(says).first();
        // A page that asks for nothing has nothing to say.
        const quiet = page.locator("main[data-asks=nothing]");
        await said
          .or(quiet)
          .first()
          .waitFor({ timeout: 10_000 })
          .catch(async () => {
            faults.push(`${name}: ${(await page.locator("main").innerText()).slice(0, 200)}`);
          });
        await page.unroute(asked);
        faults.push(...complaints.splice(0).map((complaint) => `${name}: ${complaint}`));
      }
      expect(faults).toEqual([]);
    },
    200_000,
  );

  test("shows that it waits while the API is slow, then what was asked for", async () => {
    const faults: string[] = [];
    for (const { name, path, as } of places) {
      const { page } = visitors[as];
      let release = () => undefined as void;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      await page.route(asked, async (route) => {
        await held;
        await route.continue().catch(() => undefined);
      });
      await page.goto(installation.stack.apiUrl + path);
      await page.locator("main h1").first().waitFor();
      if ((await page.locator("main").innerText()).trim() === "") faults.push(`${name}: blank while it waits`);
      release();
      await settled(page).catch(() => faults.push(`${name}: still loading`));
      await page.unroute(asked);
    }
    expect(faults).toEqual([]);
  }, 200_000);

  test("heals by itself when the API is back", async () => {
    const { page } = visitors.acme;
    await page.route(asked, (route) => route.abort("connectionrefused"));
    await page.goto(`${installation.stack.apiUrl}/appliances`);
    await page.getByText("No connection").waitFor();
    await page.unroute(asked);
    await page.getByText("acme-berlin-01").first().waitFor({ timeout: 30_000 });
    await page.getByText("Live", { exact: true }).waitFor();
  });

  test("goes to the sign-in when the session is over, and says so", async () => {
    const visitor = await enter("birch");
    const { page } = visitor;
    await page.route("**/api/v1/**", problem(401, "unauthenticated", "the token is over"));
    await page.goto(`${installation.stack.apiUrl}/tasks`);
    await page.getByText(/sign-in is over/i).waitFor();
    await visitor.close();
  });

  test("is found in the side bar, and nothing else is there", async () => {
    const linked = await visitors.provider.page.evaluate<string[]>(
      `[...document.querySelectorAll("nav a")].map((link) => new URL(link.href).pathname)`,
    );
    const known = new Set(places.map(({ path }) => path));
    expect(linked.filter((path) => !known.has(path))).toEqual([]);
  });

  test("breaks no rule of its own, and tells its console no error", () => {
    expect(Object.values(visitors).flatMap(({ complaints }) => complaints)).toEqual([]);
  });
});
