import { tokenRoles } from "@steward/contracts/principals";
import { defaults } from "@steward/contracts/defaults";
import { type Command, Option } from "commander";
import type { Runner } from "../context.ts";
import { CliError, exitCodes, usageError } from "../exit-codes.ts";
import { listUpTo } from "../list-all.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { grantOf } from "./principals.ts";
import { examples, wholeNumber } from "./shared.ts";

const maxTokens = 1_000;
type TokenRole = (typeof tokenRoles)[number];

export function addTokens(program: Command, run: Runner): void {
  const token = program
    .command("token")
    .summary("service tokens, for scripts")
    .description("Service tokens, for scripts. One may never do more than whoever made it, and never approve.");

  token
    .command("ls")
    .description("The tenant's service tokens.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { items } = await listUpTo(maxTokens, (query) => call("listTokens", { query }));
        ui.data({ items });
        if (items.length === 0) return ui.say("There are no service tokens.");
        ui.say(
          table(
            items,
            [
              { head: "NAME", cell: (one) => visible(one.name), flexible: true },
              {
                head: "MAY",
                cell: (one) =>
                  one.revokedAt === undefined
                    ? one.effectiveGrants.map((grant) => grant.role).join(" ") || ui.paint.yellow("nothing")
                    : ui.paint.dim("revoked"),
              },
              { head: "MADE BY", cell: (one) => visible(one.createdBy.name), flexible: true },
              { head: "ENDS", cell: (one) => relative(one.expiresAt, nowMs()) },
              {
                head: "USED",
                cell: (one) => (one.lastUsedAt === undefined ? "never" : relative(one.lastUsedAt, nowMs())),
              },
              { head: "ID", cell: (one) => one.id },
            ],
            ui.width,
            ui.paint,
          ),
        );
      }),
    );

  examples(
    token
      .command("create")
      .description("Make a service token. It is shown once.")
      .argument("<name>")
      .addOption(new Option("--role <role>", "what it may do").choices([...tokenRoles]).makeOptionMandatory())
      .option("--days <n>", `until it ends, at most ${defaults.maxTokenDays}`, wholeNumber(1, defaults.maxTokenDays))
      .option("--everywhere", "in every tenant: the provider's staff")
      .action(async (name: string, options: { role: TokenRole; days?: number; everywhere?: boolean }, self: Command) =>
        run(self, async (context) => {
          const { connect, ui, nowMs } = context;
          const { call } = await connect();
          const grants = [await grantOf(context, call, options.role, options.everywhere === true)];
          const made = await call("createToken", {
            body: { name, grants, ...(options.days === undefined ? {} : { days: options.days }) },
          });
          ui.data(made);
          ui.say(`${ui.paint.green("✔")} ${visible(name)}  ${ui.paint.dim(made.view.id)}\n`);
          ui.say(`  ${ui.paint.bold(made.token)}\n`);
          ui.say(`It is shown only now, and ends ${relative(made.view.expiresAt, nowMs())}. A script uses it so:`);
          ui.say("  STEWARD_TOKEN=… STEWARD_API_URL=… steward status --json");
        }),
      ),
    "steward token create nightly-report --role viewer --days 30",
  );

  token
    .command("revoke")
    .description("Revoke a service token; in force within 5 s.")
    .argument("<token>", "id or name")
    .action(async (given: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const { items } = await listUpTo(maxTokens, (query) => call("listTokens", { query }));
        const found = items.filter((one) => one.id === given || (one.name === given && one.revokedAt === undefined));
        const [only] = found;
        if (found.length > 1) throw usageError(`Several tokens are called ${given}`, "Use an id: steward token ls");
        if (only === undefined && !given.startsWith("tok_")) {
          throw new CliError(exitCodes.failed, `There is no token ${given}`, { next: "See them: steward token ls" });
        }
        const tokenId = only?.id ?? given;
        await call("revokeToken", { params: { tokenId } });
        ui.data({ revoked: tokenId });
        ui.say(`${ui.paint.green("✔")} ${visible(only?.name ?? given)} is revoked.`);
      }),
    );
}
