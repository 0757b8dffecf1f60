import { issuerAlgorithms } from "@steward/contracts/principals";
import { type Command, Option } from "commander";
import type { Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { table } from "../text/table.ts";
import { visible } from "../text/visible.ts";
import { examples } from "./shared.ts";

type Algorithm = (typeof issuerAlgorithms)[number];

export function addIssuers(program: Command, run: Runner): void {
  const issuer = program
    .command("issuer")
    .summary("who else may say who somebody is (OpenID Connect)")
    .description("OpenID Connect issuers that the tenant's people may sign in with.");

  issuer
    .command("ls")
    .description("The tenant's issuers.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { items } = await call("listIssuers", {});
        ui.data({ items });
        if (items.length === 0) return ui.say("There is no issuer: people sign in with one-time links.");
        ui.say(
          table(
            items,
            [
              { head: "NAME", cell: (one) => visible(one.name) },
              { head: "URL", cell: (one) => visible(one.url), flexible: true },
              { head: "CLIENT", cell: (one) => visible(one.clientId), flexible: true },
              { head: "GOOD FOR", cell: (one) => (one.scope === "tenant" ? "this tenant" : "everything") },
              { head: "ID", cell: (one) => one.id },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );

  examples(
    issuer
      .command("add")
      .description(
        "Let people sign in with an issuer. It makes nobody a member: invite them, then they bind their account.",
      )
      .argument("<url>", "exactly as its tokens name it")
      .requiredOption("--client-id <id>", "the client that Steward is there, allowed to use the device flow")
      .requiredOption("--name <name>", "what people see")
      .option("--email-domain <domain>", "shown to people who sign in")
      .addOption(new Option("--algorithm <name...>", "how its tokens are signed").choices([...issuerAlgorithms]))
      .action(
        async (
          url: string,
          options: { clientId: string; name: string; emailDomain?: string; algorithm?: Algorithm[] },
          self: Command,
        ) =>
          run(self, async ({ connect, ui }) => {
            const { call } = await connect();
            const made = await call("createIssuer", {
              body: {
                url,
                clientId: options.clientId,
                name: options.name,
                ...(options.emailDomain === undefined ? {} : { emailDomain: options.emailDomain }),
                ...(options.algorithm === undefined ? {} : { algorithms: options.algorithm }),
              },
              idempotencyKey: crypto.randomUUID(),
            });
            ui.data(made);
            ui.say(`${ui.paint.green("✔")} ${visible(made.name)}  ${ui.paint.dim(made.id)}`);
            ui.say("Whoever is invited binds an account to it:");
            ui.say(`  steward login '<link>' --issuer ${made.id} --tenant ${made.tenantId}`);
          }),
      ),
    "steward issuer add https://accounts.example.org --client-id steward-cli --name Example",
  );

  issuer
    .command("rm")
    .description("Remove an issuer. Whoever signed in with it is signed out within 5 s.")
    .argument("<issuer>", "id or name")
    .option("--yes", "without being asked")
    .action(async (given: string, options: { yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { items } = await call("listIssuers", {});
        const [found, ...others] = items.filter((one) => one.id === given || one.name === given);
        if (found === undefined || others.length > 0)
          throw usageError(`Which issuer is ${given}?`, "steward issuer ls");
        if (options.yes !== true) {
          if (!ui.canAsk) throw usageError("Nobody is there to ask", "Use --yes if you mean it.");
          const isYes = await ui.confirm(`Remove ${visible(found.name)}, and sign out whoever came by it?`);
          if (isYes !== true) throw usageError("Not removed");
        }
        await call("removeIssuer", { params: { issuerId: found.id } });
        ui.data({ removed: found.id });
        ui.say(`${ui.paint.green("✔")} ${visible(found.name)} is removed.`);
      }),
    );
}
