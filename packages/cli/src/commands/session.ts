import type { Profile } from "@steward/contracts/profile";
import { AppError } from "@steward/contracts/errors";
import { createClient } from "@steward/contracts/client";
import type { RoleGrant } from "@steward/contracts/roles";
import type { LoginOptions, Session } from "@steward/contracts/session";
import type { Command } from "commander";
import { anonymous, httpTransport, isLoopback, requireEncrypted, sessionFields } from "../connection.ts";
import type { Context, Runner } from "../context.ts";
import { deviceFlow } from "../device-flow.ts";
import { usageError } from "../exit-codes.ts";
import { listUpTo } from "../list-all.ts";
import { readProfiles, removeProfile, updateProfiles } from "../profiles.ts";
import { requestHeaders } from "../request-id.ts";
import { visible } from "../text/visible.ts";
import { examples } from "./shared.ts";

const localUrl = "http://127.0.0.1:4400";

interface LoginWays {
  token?: boolean;
  issuer?: string | true;
}

export function addLogin(program: Command, run: Runner): void {
  const command = program
    .command("login")
    .summary("sign in: a one-time link, an issuer, or a service token")
    .description(
      "Sign in, and keep the sign-in as a profile: with a one-time link; with an account of an issuer (device flow); or " +
        "with a service token, which is asked for or read from a pipe. A link and --issuer together bind that account to " +
        "you, so that it signs you in from then on.",
    )
    .argument("[link]", "such as `npm start` and `steward principal invite` print")
    .option("--issuer [name or id]", "with an account of your organisation")
    .option("--token", "with a service token")
    .action(async (link: string | undefined, options: LoginWays, self: Command) =>
      run(self, (context) => login(context, link, options)),
    );
  examples(
    command,
    "steward login 'http://127.0.0.1:4400/#login=…'",
    "steward login 'https://steward.example.org/#login=…' --profile production --tenant acme",
    "steward login --issuer --api-url https://api.steward.example.org --tenant ten_…",
    "steward login --token --api-url https://api.steward.example.org < token.txt",
  );
}

export function addLogout(program: Command, run: Runner): void {
  program
    .command("logout")
    .summary("sign out, and forget the profile")
    .description("End the session and forget the profile.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ env, ui, options, connect }) => {
        const file = await readProfiles(env.profilesFile);
        const name = options.profile ?? file?.current;
        if (name === undefined || file?.profiles[name] === undefined) {
          throw usageError(name === undefined ? "You are not signed in" : `There is no profile ${name}`);
        }
        const { call } = await connect({ profile: name });
        // Where it cannot be ended there, it is forgotten here all the same, and said.
        const ended = await call("endSession", {}).then(
          () => true,
          (error: unknown) => {
            if (error instanceof AppError && error.code === "unauthenticated") return true;
            ui.hint(ui.paint.yellow("The session could not be ended there; it ends by itself."));
            return false;
          },
        );
        await removeProfile(env.profilesFile, name);
        ui.data({ profile: name, ended });
        ui.say(`${ui.paint.green("✔")} Signed out ${ui.paint.dim(`(profile ${name})`)}`);
      }),
    );
}

export function addWhoami(program: Command, run: Runner): void {
  program
    .command("whoami")
    .summary("who is signed in, and what that may do")
    .description("Who is signed in, and what that may do.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call, apiUrl, profileName } = await connect();
        const principal = await call("whoAmI", {});
        ui.data({ ...principal, apiUrl, ...(profileName === undefined ? {} : { profile: profileName }) });
        const { paint } = ui;
        const kind = principal.kind === "token" ? "service token" : "person";
        ui.say(`${paint.bold(visible(principal.name))}  ${kind}  ${paint.dim(principal.id)}`);
        ui.say(`  at ${apiUrl}${profileName === undefined ? "" : ` ${paint.dim(`(profile ${profileName})`)}`}`);
        for (const grant of principal.grants) ui.say(`  ${grantText(grant)}`);
        if (principal.grants.length === 0) ui.say("  no role in any tenant");
      }),
    );
}

/** `admin of ten_…`; `*` in words. */
export function grantText({ tenant, role }: RoleGrant): string {
  return `${role} of ${tenant === "*" ? "every tenant (provider's staff)" : tenant}`;
}

/** `#login=<token>` of a link, or a bare token. */
export function parseLogin(given: string): { token: string; apiUrl?: string } {
  if (!/^https?:\/\//.test(given)) return { token: given };
  const url = new URL(given);
  const token = new URLSearchParams(url.hash.slice(1)).get("login");
  if (token === null || token === "")
    throw usageError(
      "The link has no #login=… at its end",
      "Put it in quotes: the shell cuts it at special characters.",
    );
  return { token, apiUrl: url.origin };
}

async function login(context: Context, link: string | undefined, ways: LoginWays): Promise<void> {
  const { env, ui, options } = context;
  const parsed = link === undefined ? undefined : parseLogin(link);
  const before = await readProfiles(env.profilesFile);
  const known = before?.profiles[options.profile ?? before.current];
  const apiUrl = options.apiUrl ?? parsed?.apiUrl ?? known?.apiUrl ?? localUrl;
  requireEncrypted(apiUrl);
  const { session, token } = await prove(context, apiUrl, parsed?.token, ways);
  const { hostname } = new URL(apiUrl);
  const name =
    options.profile ??
    Object.entries(before?.profiles ?? {}).find(([, profile]) => profile.apiUrl === apiUrl)?.[0] ??
    (isLoopback(hostname) ? "local" : hostname);

  const call = createClient({
    baseUrl: apiUrl,
    transport: httpTransport,
    headers: () => ({ ...requestHeaders(), authorization: `Bearer ${session.accessToken}` }),
  });
  const { items } = await listUpTo(10_000, (query) => call("listTenants", { query }));
  const wanted = options.tenant;
  const chosen =
    wanted === undefined
      ? items.length === 1
        ? items[0]
        : undefined
      : items.find((one) => one.id === wanted || one.name.toLowerCase() === wanted.toLowerCase());
  const profile: Profile = {
    apiUrl,
    ...sessionFields(session),
    ...(token === undefined ? {} : { token }),
    ...(chosen === undefined ? {} : { tenantId: chosen.id }),
  };
  await updateProfiles(env.profilesFile, (now) => ({ current: name, profiles: { ...now?.profiles, [name]: profile } }));

  const { paint } = ui;
  ui.data({
    profile: name,
    apiUrl,
    principal: session.principal,
    tenants: items,
    ...(chosen === undefined ? {} : { tenantId: chosen.id }),
  });
  ui.say(
    `${paint.green("✔")} Signed in as ${paint.bold(visible(session.principal.name))} at ${apiUrl} ${paint.dim(`(profile ${name})`)}`,
  );
  if (wanted !== undefined && chosen === undefined)
    ui.hint(paint.yellow(`There is no tenant ${visible(wanted)} that you may see.`));
  if (chosen !== undefined) ui.say(`  Tenant: ${visible(chosen.name)}`);
  else
    ui.say(
      `  You may see ${items.length} tenants; name one with --tenant: ${items
        .slice(0, 8)
        .map((one) => visible(one.name))
        .join(", ")}${items.length > 8 ? ", …" : ""}`,
    );
}

/** `token`: the service token, to be kept in the profile in place of a refresh token. */
async function prove(
  { ui, options }: Context,
  apiUrl: string,
  linkToken: string | undefined,
  ways: LoginWays,
): Promise<{ session: Session; token?: string }> {
  const api = anonymous(apiUrl);
  if (ways.token === true) {
    if (linkToken !== undefined || ways.issuer !== undefined)
      throw usageError("A token, a link or an issuer: one of them");
    const token = (await ui.question("Service token: ", { hidden: true }))?.trim() ?? "";
    if (token === "") throw usageError("There is no token", "Give it by a pipe: steward login --token < token.txt");
    return { session: await api("createSession", { body: { token } }), token };
  }
  if (ways.issuer === undefined) {
    if (linkToken === undefined) {
      throw usageError("Sign in with what?", "A one-time link, --issuer or --token: steward login --help");
    }
    return { session: await api("createSession", { body: { bootstrapToken: linkToken } }) };
  }
  const tenant = options.tenant?.startsWith("ten_") === true ? { tenant: options.tenant } : {};
  const { issuers } = await api("loginOptions", { query: tenant });
  const issuer = chooseIssuer(issuers, ways.issuer);
  const idToken = await deviceFlow(issuer, ui);
  const invitation = linkToken === undefined ? {} : { invitation: linkToken };
  return { session: await api("createSession", { body: { issuerId: issuer.id, idToken, ...invitation } }) };
}

function chooseIssuer(issuers: LoginOptions["issuers"], wanted: string | true): LoginOptions["issuers"][number] {
  const fitting =
    wanted === true
      ? issuers
      : issuers.filter((one) =>
          [one.id, one.url, one.name].some((text) => text.toLowerCase() === wanted.toLowerCase()),
        );
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return only;
  const names = issuers.map((one) => `${visible(one.name)} (${one.id})`).join(", ");
  if (fitting.length > 1) throw usageError("There are several issuers: name one with --issuer", names);
  throw usageError(
    wanted === true ? "There is no issuer to sign in with" : `There is no issuer ${wanted}`,
    names === "" ? "A tenant's own is found by its id: --tenant ten_…" : `There are: ${names}`,
  );
}
