import { deletionGraceDays, maxDeletionGraceDays, tenantLimits } from "@steward/contracts/defaults";
import type { Client } from "@steward/contracts/client";
import type { TenantDetails, TenantLimits, TenantView } from "@steward/contracts/tenant";
import type { Command } from "commander";
import { tenantIdOf } from "../connection.ts";
import type { Context, Runner } from "../context.ts";
import { type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { listUpTo, pagesOf } from "../list-all.ts";
import type { Paint } from "../text/paint.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { withLines } from "../write-lines.ts";
import { linkOf } from "./principals.ts";
import { examples, wholeNumber } from "./shared.ts";

const limitNames = Object.keys(tenantLimits) as (keyof TenantLimits)[];
const listed = 10_000;

export function addTenants(program: Command, run: Runner): void {
  const tenants = program
    .command("tenant")
    .alias("tenants")
    .summary("customer organisations")
    .description("Customer organisations: what they may use, suspending, deleting, exporting.");
  addReading(tenants, run);
  addChanging(tenants, run);
  addEnding(tenants, run);
  examples(
    tenants,
    'steward tenant create "Jones & Sons" --admin "Ada Jones" --email ada@example.org',
    "steward tenant limits jones appliances=50 modelUsdPerMonth=20",
    'steward tenant suspend jones --reason "unpaid since May"',
    "steward tenant export jones --to jones.ndjson",
    "steward tenant delete jones --grace-days 7",
  );
}

function addReading(tenants: Command, run: Runner): void {
  tenants
    .command("ls")
    .description("The tenants that you may see.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { items } = await listUpTo(listed, (query) => call("listTenants", { query }));
        ui.data({ items });
        ui.say(
          table(
            items,
            [
              { head: "NAME", cell: (tenant) => visible(tenant.name), flexible: true },
              { head: "STATUS", cell: (tenant) => statusText(tenant, ui.paint, nowMs()) },
              { head: "ID", cell: (tenant) => tenant.id },
              { head: "SINCE", cell: (tenant) => relative(tenant.createdAt, nowMs()) },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );
  tenants
    .command("show")
    .description("One tenant, with its limits. Without a name: the one that you work in.")
    .argument("[tenant]", "id or name")
    .action(async (given: string | undefined, _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call, tenantId } = await connect();
        const id = given === undefined ? (tenantId ?? (await onlyTenant(call))) : await tenantIdOf(given, call);
        show(ui, await call("getTenant", { params: { tenantId: id } }), nowMs());
      }),
    );
  tenants
    .command("export")
    .description("Every record of a tenant, as one JSON document a line. For its admins.")
    .argument("<tenant>", "id or name")
    .option("--to <file>", "into a new file, which only you may read; else to stdout")
    .action(async (given: string, options: { to?: string }, self: Command) =>
      run(self, async (context) => exportTenant(context, given, options.to)),
    );
}

function addChanging(tenants: Command, run: Runner): void {
  tenants
    .command("create")
    .description("A new tenant (provider's admins).")
    .argument("<name...>")
    .option("--admin <name>", "invites its first admin; the one-time link is shown once")
    .option("--email <address>", "of the admin, to know who is meant")
    .action(async (name: string[], options: { admin?: string; email?: string }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { admin, email } = options;
        if (email !== undefined && admin === undefined) throw usageError("Whose email is it?", "Add --admin <name>");
        const { call, inTenant, apiUrl } = await connect();
        const made = await call("createTenant", {
          body: { name: name.join(" ") },
          idempotencyKey: crypto.randomUUID(),
        });
        ui.say(`${ui.paint.green("✔")} ${ui.paint.bold(visible(made.name))} is there: ${made.id}`);
        if (admin === undefined) {
          ui.data(made);
          ui.say(`Invite its first admin: steward principal invite <name> --role admin --tenant ${made.id}`);
          return;
        }
        const invited = await inTenant(made.id)("invitePrincipal", {
          body: {
            name: admin,
            grants: [{ tenant: made.id, role: "admin" }],
            ...(email === undefined ? {} : { email }),
          },
        });
        const url = linkOf(apiUrl, invited.link.token);
        ui.data({ ...made, admin: { ...invited, link: { ...invited.link, url } } });
        ui.say(`\n  steward login '${url}'\n`);
        ui.say(
          `The link is for ${visible(admin)}. It is shown only now, works once, and ends ${relative(invited.link.expiresAt, nowMs())}.`,
        );
      }),
    );
  tenants
    .command("rename")
    .description("Give a tenant another name (provider's admins).")
    .argument("<tenant>", "id or name")
    .argument("<name...>", "the new one")
    .action(async (given: string, name: string[], _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const params = { tenantId: await tenantIdOf(given, call) };
        show(ui, await call("renameTenant", { params, body: { name: name.join(" ") } }), nowMs());
      }),
    );
  tenants
    .command("limits")
    .description(
      `What a tenant may use; with values, sets them (provider's admins). There are: ${limitNames.join(", ")}.`,
    )
    .argument("<tenant>", "id or name")
    .argument("[limit=value...]", "a number, or `default`")
    .action(async (given: string, pairs: string[], _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const changes = pairs.map(limitOf);
        const { call } = await connect();
        const params = { tenantId: await tenantIdOf(given, call) };
        const before = await call("getTenant", { params });
        if (changes.length === 0) {
          show(ui, before, nowMs());
          return;
        }
        const own = before.ownLimits.map((name) => [name, before.limits[name]] as const);
        const body = Object.fromEntries([...own, ...changes]);
        show(ui, await call("setTenantLimits", { params, body }), nowMs());
      }),
    );
}

function addEnding(tenants: Command, run: Runner): void {
  const sure = "do not ask";
  tenants
    .command("suspend")
    .description("Let its people only look, and nothing start (provider's admins). Its machines go on being heard.")
    .argument("<tenant>", "id or name")
    .requiredOption("--reason <text>", "shown to its people")
    .option("--yes", sure)
    .action(async (given: string, options: { reason: string; yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const tenant = await find(call, given);
        if (!(await isMeant(ui, tenant, "Its people can change nothing, and nothing starts.", options.yes)))
          return stopped(ui);
        const params = { tenantId: tenant.id };
        show(ui, await call("suspendTenant", { params, body: { reason: options.reason } }), nowMs());
        return exitCodes.ok;
      }),
    );
  for (const [name, route, about] of [
    ["resume", "resumeTenant", "End a suspension (provider's admins). What waited goes on."],
    ["restore", "restoreTenant", "Take a deletion back, within its grace period (provider's admins)."],
  ] as const) {
    tenants
      .command(name)
      .description(about)
      .argument("<tenant>", "id or name")
      .action(async (given: string, _options: object, self: Command) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const { call } = await connect();
          show(ui, await call(route, { params: { tenantId: await tenantIdOf(given, call) } }), nowMs());
        }),
      );
  }
  tenants
    .command("delete")
    .description(
      "Delete a tenant with all that is recorded of it, after a grace period (provider's admins). Until then it can be restored.",
    )
    .argument("<tenant>", "id or name")
    .option(
      "--grace-days <days>",
      `0 to ${maxDeletionGraceDays}`,
      wholeNumber(0, maxDeletionGraceDays),
      deletionGraceDays,
    )
    .option("--yes", sure)
    .action(async (given: string, options: { graceDays: number; yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const tenant = await find(call, given);
        const when = options.graceDays === 0 ? "now, and cannot be had back" : `in ${options.graceDays} days`;
        const what = `Nothing starts in it any more, and everything that is recorded of it is removed ${when}.`;
        if (!(await isMeant(ui, tenant, what, options.yes))) return stopped(ui);
        const params = { tenantId: tenant.id };
        show(ui, await call("deleteTenant", { params, query: { graceDays: options.graceDays } }), nowMs());
        ui.say(ui.paint.dim(`  Take it back: steward tenant restore ${tenant.id}`));
        return exitCodes.ok;
      }),
    );
}

function limitOf(pair: string): readonly [keyof TenantLimits, number | null] {
  const [, given = "", text = ""] = /^(\w+)=(.*)$/.exec(pair) ?? [];
  const name = limitNames.find((one) => one.toLowerCase() === given.toLowerCase());
  if (name === undefined)
    throw usageError(
      `${visible(pair)} is not a limit`,
      `Write it like appliances=50. There are: ${limitNames.join(", ")}`,
    );
  if (text === "default") return [name, null];
  const value = text === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw usageError(`${visible(text)} is not a number`, `Or: ${name}=default`);
  return [name, value];
}

async function find(call: Client, given: string): Promise<TenantDetails> {
  return call("getTenant", { params: { tenantId: await tenantIdOf(given, call) } });
}

async function onlyTenant(call: Client): Promise<string> {
  const { items } = await call("listTenants", { query: { limit: 2 } });
  const [only] = items;
  if (only !== undefined && items.length === 1) return only.id;
  throw usageError("You may see several tenants: say which one", "See them: steward tenant ls");
}

/** Whoever ends something for a whole organisation types its name. */
async function isMeant(ui: Ui, tenant: TenantView, what: string, yes: boolean | undefined): Promise<boolean> {
  if (yes === true) return true;
  if (!ui.canAsk) throw usageError("This needs a yes", "Add --yes");
  ui.say(`${ui.paint.bold(visible(tenant.name))}  ${ui.paint.dim(tenant.id)}`);
  ui.say(what);
  return (await ui.question(`Type its name to go on: `))?.trim() === tenant.name;
}

function stopped(ui: Ui): ExitCode {
  ui.hint("That is not its name. Nothing was changed.");
  return exitCodes.failed;
}

async function exportTenant({ connect, ui }: Context, given: string, to: string | undefined): Promise<void> {
  const { call } = await connect();
  const params = { tenantId: await tenantIdOf(given, call) };
  let records = 0;
  await withLines(to, ui.stream, async (sink) => {
    const pages = pagesOf((query) => {
      const done = ui.progress(`${records} records …`);
      return call("exportTenant", { params, query }).finally(done);
    });
    for await (const { items } of pages) {
      await sink.write(items);
      records += items.length;
    }
  });
  if (to === undefined) return;
  ui.data({ file: to, records });
  ui.say(`${ui.paint.green("✔")} ${records} records in ${to}`);
}

function statusText(tenant: TenantView, paint: Paint, nowMs: number): string {
  switch (tenant.status) {
    case "active":
      return paint.green("active");
    case "deleting": {
      const when = tenant.deleteAfter === undefined ? "" : ` ${relative(tenant.deleteAfter, nowMs)}`;
      return paint.red(`deleted${when}`);
    }
    default:
      return paint.yellow(tenant.status);
  }
}

function show(ui: Ui, tenant: TenantDetails, nowMs: number): void {
  const { paint } = ui;
  ui.data(tenant);
  ui.say(`${paint.bold(visible(tenant.name))}  ${statusText(tenant, paint, nowMs)}  ${paint.dim(tenant.id)}`);
  if (tenant.suspendedReason !== undefined)
    ui.say(`  ${paint.dim("suspended".padEnd(18))}${visible(tenant.suspendedReason)}`);
  for (const name of limitNames) {
    const isOwn = tenant.ownLimits.includes(name);
    ui.say(
      `  ${paint.dim(name.padEnd(18))}${tenant.limits[name].toLocaleString("en")}${isOwn ? "" : paint.dim("  (default)")}`,
    );
  }
}
