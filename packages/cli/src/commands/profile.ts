import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { readProfiles, removeProfile, updateProfiles } from "../profiles.ts";
import { table } from "../text/table.ts";

export function addProfile(program: Command, run: Runner): void {
  const profile = program
    .command("profile")
    .summary("installations that you are signed in to")
    .description("Installations that you are signed in to.");
  profile
    .command("ls")
    .description("The profiles that there are.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ env, ui }) => {
        const file = await readProfiles(env.profilesFile);
        // No sign-in is ever printed.
        const items = Object.entries(file?.profiles ?? {}).map(([name, { apiUrl, tenantId, token }]) => ({
          name,
          current: name === file?.current,
          apiUrl,
          signedInWith: token === undefined ? "session" : "token",
          ...(tenantId === undefined ? {} : { tenantId }),
        }));
        ui.data({ items });
        if (items.length === 0) return ui.say("You are not signed in anywhere: steward login <link>");
        ui.say(
          table(
            items,
            [
              { head: "", cell: (one) => (one.current ? "*" : "") },
              { head: "NAME", cell: (one) => one.name },
              { head: "API", cell: (one) => one.apiUrl, flexible: true },
              { head: "WITH", cell: (one) => one.signedInWith },
              { head: "TENANT", cell: (one) => one.tenantId ?? "" },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );
  profile
    .command("use")
    .description("Make a profile the one that commands use.")
    .argument("<name>")
    .action(async (name: string, _options: object, self: Command) =>
      run(self, async ({ env, ui }) => {
        await updateProfiles(env.profilesFile, (now) => {
          if (now?.profiles[name] === undefined) throw noProfile(name);
          return { ...now, current: name };
        });
        ui.data({ current: name });
        ui.say(`${ui.paint.green("✔")} Commands use the profile ${name}.`);
      }),
    );
  profile
    .command("rm")
    .description("Forget a profile. Its session goes on: steward logout ends it, too.")
    .argument("<name>")
    .action(async (name: string, _options: object, self: Command) =>
      run(self, async ({ env, ui }) => {
        if (!(await removeProfile(env.profilesFile, name))) throw noProfile(name);
        ui.data({ removed: name });
        ui.say(`${ui.paint.green("✔")} The profile ${name} is forgotten.`);
      }),
    );
}

function noProfile(name: string) {
  return usageError(`There is no profile ${name}`, "See them: steward profile ls");
}
