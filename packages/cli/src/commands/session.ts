import type { Profile } from "@steward/contracts/profile";
import type { Command } from "commander";
import { anonymous, httpTransport, sessionFields } from "../connection.ts";
import type { Context, Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { listUpTo } from "../list-all.ts";
import { readProfiles, updateProfiles } from "../profiles.ts";
import { visible } from "../text/visible.ts";
import { createClient } from "@steward/contracts/client";
import { examples } from "./shared.ts";

const localUrl = "http://127.0.0.1:4400";

export function addLogin(program: Command, run: Runner): void {
  const command = program
    .command("login")
    .summary("sign in with a one-time link")
    .description("Sign in with a one-time link (or its token), and keep the sign-in as a profile.")
    .argument("<link>", "such as `npm start` prints")
    .action(async (link: string, _options: object, self: Command) => run(self, (context) => login(context, link)));
  examples(
    command,
    "steward login 'http://127.0.0.1:4400/#login=…'",
    "steward login 'https://steward.example.org/#login=…' --profile production --tenant acme",
  );
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

async function login({ env, ui, options }: Context, link: string): Promise<void> {
  const { token, apiUrl: linkUrl } = parseLogin(link);
  const before = await readProfiles(env.profilesFile);
  const known = before?.profiles[options.profile ?? before.current];
  const apiUrl = options.apiUrl ?? linkUrl ?? known?.apiUrl ?? localUrl;
  const { hostname, protocol } = new URL(apiUrl);
  const loopback = ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
  if (protocol === "http:" && !loopback) {
    throw usageError(`${apiUrl} is not encrypted: a sign-in is not sent there`, "Use https.");
  }
  const session = await anonymous(apiUrl)("createSession", { body: { bootstrapToken: token } });
  const name =
    options.profile ??
    Object.entries(before?.profiles ?? {}).find(([, profile]) => profile.apiUrl === apiUrl)?.[0] ??
    (loopback ? "local" : hostname);

  const call = createClient({
    baseUrl: apiUrl,
    transport: httpTransport,
    headers: () => ({ authorization: `Bearer ${session.accessToken}` }),
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
    ...(chosen === undefined ? {} : { tenantId: chosen.id }),
  };
  await updateProfiles(env.profilesFile, (now) => ({ current: name, profiles: { ...now?.profiles, [name]: profile } }));

  const { paint } = ui;
  ui.data({
    profile: name,
    apiUrl,
    person: session.person,
    tenants: items,
    ...(chosen === undefined ? {} : { tenantId: chosen.id }),
  });
  ui.say(
    `${paint.green("✔")} Signed in as ${paint.bold(visible(session.person.name))} at ${apiUrl} ${paint.dim(`(profile ${name})`)}`,
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
