import { Command } from "commander";
import { addAlerts, addThresholds } from "./commands/alerts.ts";
import { addActions } from "./commands/actions.ts";
import { addCommands } from "./commands/commands.ts";
import { addNotify } from "./commands/notify.ts";
import { addAsk } from "./commands/ask.ts";
import { addAudit } from "./commands/audit.ts";
import { addConfig } from "./commands/config.ts";
import { addCompletion } from "./commands/completion.ts";
import { addFreeze } from "./commands/freeze.ts";
import { addGate } from "./commands/gate.ts";
import { addLimits } from "./commands/limits.ts";
import { addStart } from "./commands/local.ts";
import { addKeys } from "./commands/keys.ts";
import { addAppliances, addNodes, addWorkers } from "./commands/nodes.ts";
import { addStatus } from "./commands/overview.ts";
import { addQueues } from "./commands/queues.ts";
import { addIssuers } from "./commands/issuers.ts";
import { addPrincipals } from "./commands/principals.ts";
import { addProfile } from "./commands/profile.ts";
import { addLogin, addLogout, addWhoami } from "./commands/session.ts";
import { addSchedules } from "./commands/schedules.ts";
import { addTokens } from "./commands/tokens.ts";
import { addPolicy, addWindows } from "./commands/windows.ts";
import { addSecrets } from "./commands/secrets.ts";
import { addSupport } from "./commands/support.ts";
import { examples } from "./commands/shared.ts";
import { addTasks } from "./commands/tasks.ts";
import { addTenants } from "./commands/tenant.ts";
import { addBootstrap, addCert } from "./commands/stage.ts";
import type { Runner } from "./context.ts";
import manifest from "../package.json" with { type: "json" };

/** All commands. `run` gives each its context, and turns what it throws into words and an exit code. */
export function createProgram(run: Runner): Command {
  const program = new Command("steward")
    .description("Runs fleets of home servers from plain-language requests.")
    .version(manifest.version, "--version", "print the version")
    .option("--json", "print JSON on stdout, ask nothing")
    .option("--profile <name>", "which installation (STEWARD_PROFILE)")
    .option("--tenant <id or name>", "which tenant (STEWARD_TENANT)")
    .option("--api-url <url>", "where the API is (STEWARD_API_URL)")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();

  program.commandsGroup("Everyday:");
  addStatus(program, run);
  addAsk(program, run);
  addSupport(program, run);
  addTasks(program, run);
  addActions(program, run);
  addCommands(program, run);
  addNotify(program, run);
  program.commandsGroup("Fleet:");
  addAppliances(program, run);
  addWorkers(program, run);
  addNodes(program, run);
  addAlerts(program, run);
  addThresholds(program, run);
  addQueues(program, run);
  program.commandsGroup("Control:");
  addSchedules(program, run);
  addFreeze(program, run);
  addGate(program, run);
  addWindows(program, run);
  addPolicy(program, run);
  addConfig(program, run);
  addAudit(program, run);
  addTenants(program, run);
  addLimits(program, run);
  program.commandsGroup("People:");
  addPrincipals(program, run);
  addTokens(program, run);
  addIssuers(program, run);
  addWhoami(program, run);
  program.commandsGroup("Set up:");
  addStart(program, run);
  addLogin(program, run);
  addLogout(program, run);
  addProfile(program, run);
  addSecrets(program, run);
  addCert(program, run);
  addKeys(program, run);
  addBootstrap(program, run);
  addCompletion(program, run);

  examples(
    program,
    "steward status",
    'steward ask "add user john" --on bert',
    "steward actions run users.add username=john --on site:berlin",
    "steward tasks watch",
  ).addHelpText(
    "after",
    `
Exit codes:
  0    done
  1    the task failed or was refused; the call was not allowed
  2    the command or its values are not right
  3    the API cannot be reached, or you are not signed in
  4    somebody must decide first: an answer or an approval
  130  you stopped watching (Ctrl-C); the task goes on`,
  );
  inherit(program);
  return program;
}

/** Settings that commander copies only to commands made after them. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}
