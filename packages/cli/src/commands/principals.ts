import type { Client } from "@steward/contracts/client";
import type { PersonView } from "@steward/contracts/principals";
import { type Role, type RoleGrant, roles } from "@steward/contracts/roles";
import { type Command, InvalidArgumentError, Option } from "commander";
import { tenantIdOf } from "../connection.ts";
import type { Context, Runner } from "../context.ts";
import { CliError, type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { listUpTo } from "../list-all.ts";
import { readProfiles } from "../profiles.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { grantText } from "./session.ts";
import { examples } from "./shared.ts";

const maxPeople = 1_000;

export function addPrincipals(program: Command, run: Runner): void {
  const principal = program
    .command("principal")
    .summary("people and what they may do")
    .description("People and what they may do.");

  principal
    .command("ls")
    .description("The tenant's people.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { items } = await listUpTo(maxPeople, (query) => call("listPrincipals", { query }));
        ui.data({ items });
        if (items.length === 0) return ui.say("Nobody has a role here.");
        ui.say(
          table(
            items,
            [
              { head: "NAME", cell: (one) => visible(one.name), flexible: true },
              { head: "EMAIL", cell: (one) => visible(one.email ?? ""), flexible: true },
              { head: "ROLES", cell: (one) => one.grants.map(shortGrant).join(" "), flexible: true },
              { head: "STATUS", cell: (one) => one.status },
              { head: "ID", cell: (one) => one.id },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );

  examples(
    principal
      .command("invite")
      .description("Invite a person. The one-time link is shown once, and works for seven days.")
      .argument("<name>")
      .addOption(roleOption())
      .option("--email <address>", "to know who is meant; nothing is sent there")
      .option("--everywhere", "in every tenant: the provider's staff")
      .action(async (name: string, options: { role: Role; email?: string; everywhere?: boolean }, self: Command) =>
        run(self, async (context) => {
          const { connect, ui, nowMs } = context;
          const { call, apiUrl } = await connect();
          const grants = [await grantOf(context, call, options.role, options.everywhere === true)];
          const made = await call("invitePrincipal", {
            body: { name, grants, ...(options.email === undefined ? {} : { email: options.email }) },
          });
          const link = linkOf(apiUrl, made.link.token);
          ui.data({ ...made, link: { ...made.link, url: link } });
          ui.say(
            `${ui.paint.green("✔")} ${visible(name)} is invited as ${made.person.grants.map(grantText).join(", ")}\n`,
          );
          ui.say(`  steward login '${link}'\n`);
          ui.say(`The link is shown only now, works once, and ends ${relative(made.link.expiresAt, nowMs())}.`);
        }),
      ),
    'steward principal invite "Anna Smith" --role operator --email anna@example.org',
  );

  examples(
    principal
      .command("grant")
      .description("Give a person another role in the tenant, or with `none` take it away.")
      .argument("<person>", "id, name or email")
      .argument("<role>", `${roles.join(", ")} or none`, roleOrNone)
      .option("--everywhere", "in every tenant: the provider's staff")
      .action(async (given: string, role: Role | "none", options: { everywhere?: boolean }, self: Command) =>
        run(self, async (context) => {
          const { call } = await context.connect();
          const person = await findPerson(call, given);
          const tenant = options.everywhere === true ? "*" : await tenantOf(context, call);
          const others = person.grants.filter((grant) => grant.tenant !== tenant);
          const grants = role === "none" ? others : [...others, { tenant, role }];
          const changed = await call("changePrincipal", { params: { personId: person.id }, body: { grants } });
          context.ui.data(changed);
          const what =
            changed.grants.length === 0 ? "has no role here any more" : changed.grants.map(grantText).join(", ");
          context.ui.say(`${context.ui.paint.green("✔")} ${visible(changed.name)}: ${what}`);
        }),
      ),
    "steward principal grant anna@example.org approver",
    "steward principal grant per_… none",
  );

  for (const disabled of [true, false]) {
    principal
      .command(disabled ? "disable" : "enable")
      .description(disabled ? "Let a person in no more; in force within 5 s." : "Let a person in again.")
      .argument("<person>", "id, name or email")
      .action(async (given: string, _options: object, self: Command) =>
        run(self, async ({ connect, ui }) => {
          const { call } = await connect();
          const person = await findPerson(call, given);
          const changed = await call("changePrincipal", { params: { personId: person.id }, body: { disabled } });
          ui.data(changed);
          ui.say(`${ui.paint.green("✔")} ${visible(changed.name)} is ${disabled ? "disabled" : "enabled"}.`);
        }),
      );
  }

  principal
    .command("link")
    .description("A new one-time link for a person, shown once. The one before is void.")
    .argument("<person>", "id, name or email")
    .action(async (given: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call, apiUrl } = await connect();
        const person = await findPerson(call, given);
        const made = await call("createLink", { params: { personId: person.id } });
        const link = linkOf(apiUrl, made.token);
        ui.data({ ...made, url: link });
        ui.say(`  steward login '${link}'\n`);
        ui.say(`The link signs ${visible(person.name)} in once, until ${relative(made.expiresAt, nowMs())}.`);
      }),
    );

  principal
    .command("sign-out")
    .description("End every session and link of a person.")
    .argument("<person>", "id, name or email")
    .option("--yes", "without being asked")
    .action(async (given: string, options: { yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui }): Promise<ExitCode> => {
        const { call } = await connect();
        const person = await findPerson(call, given);
        if (options.yes !== true) {
          if (!ui.canAsk) throw usageError("Nobody is there to ask", "Use --yes if you mean it.");
          if ((await ui.confirm(`Sign ${visible(person.name)} out everywhere?`)) !== true) return exitCodes.failed;
        }
        await call("endSessions", { params: { personId: person.id } });
        ui.data({ signedOut: person.id });
        ui.say(`${ui.paint.green("✔")} ${visible(person.name)} is signed out everywhere.`);
        return exitCodes.ok;
      }),
    );
}

function roleOption(): Option {
  return new Option("--role <role>", "what it may do").choices([...roles]).makeOptionMandatory();
}

function roleOrNone(value: string): Role | "none" {
  const role = roles.find((one) => one === value);
  if (role !== undefined) return role;
  if (value === "none") return "none";
  throw new InvalidArgumentError(`It must be ${roles.join(", ")} or none.`);
}

/** The tenant that this command is about: chosen, or the only one. */
async function tenantOf({ env, options }: Context, call: Client): Promise<string> {
  const wanted = options.tenant ?? (await profileTenant(env.profilesFile, options.profile));
  if (wanted !== undefined) return wanted.startsWith("ten_") ? wanted : tenantIdOf(wanted, call);
  const { items } = await call("listTenants", { query: { limit: 2 } });
  const [only] = items;
  if (only !== undefined && items.length === 1) return only.id;
  throw usageError("Which tenant?", "Name one with --tenant; `steward tenant ls` shows them.");
}

async function profileTenant(profilesFile: string, profile: string | undefined): Promise<string | undefined> {
  const file = await readProfiles(profilesFile);
  return file?.profiles[profile ?? file.current]?.tenantId;
}

export async function grantOf<R extends Role>(
  context: Context,
  call: Client,
  role: R,
  everywhere: boolean,
): Promise<{ tenant: string; role: R }> {
  return { tenant: everywhere ? "*" : await tenantOf(context, call), role };
}

async function findPerson(call: Client, given: string): Promise<PersonView> {
  const { items } = await listUpTo(maxPeople, (query) => call("listPrincipals", { query }));
  const wanted = given.toLowerCase();
  const found = items.filter(
    (one) => one.id === given || one.name.toLowerCase() === wanted || one.email?.toLowerCase() === wanted,
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1) {
    throw usageError(`Several people are called ${given}`, `Use an id: ${found.map((one) => one.id).join(", ")}`);
  }
  throw new CliError(exitCodes.failed, `There is no person ${given} here`, { next: "See them: steward principal ls" });
}

function shortGrant({ tenant, role }: RoleGrant): string {
  return tenant === "*" ? `${role}@everywhere` : role;
}

/** What `steward login` takes, and the page of the same address. */
export function linkOf(apiUrl: string, token: string): string {
  return `${apiUrl.replace(/\/$/, "")}/#login=${token}`;
}
