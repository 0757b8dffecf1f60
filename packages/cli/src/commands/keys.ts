import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { Context, Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { askProgram } from "../repository.ts";
import { table } from "../text/table.ts";
import { duration, relative } from "../text/time.ts";
import type { Ui } from "../ui.ts";
import { withPassphrase } from "./passphrase.ts";
import { examples } from "./shared.ts";

const keySchema = z.object({
  keyId: z.string(),
  kmsKeyId: z.string(),
  state: z.enum(["next", "current", "previous"]),
  sinceMs: z.number(),
  announcedAtMs: z.number().optional(),
  compromised: z.string().optional(),
  retiredAtMs: z.number().optional(),
  dueAtMs: z.number().optional(),
});
const listedSchema = z.object({
  stage: z.string(),
  uses: z.array(z.object({ use: z.string(), keys: z.array(keySchema) })),
});
const rotatedSchema = z.object({
  stage: z.string(),
  uses: z.array(
    z.object({
      use: z.string(),
      did: z.array(z.string()),
      waitsFor: z
        .object({
          what: z.enum(["door", "everybody knows", "nothing is shown any more"]),
          untilMs: z.number().optional(),
        })
        .optional(),
      keys: z.array(keySchema),
    }),
  ),
});
type Rotated = z.infer<typeof rotatedSchema>;
const trustSchema = z.object({
  stage: z.string(),
  version: z.number(),
  expiresAtMs: z.number(),
  renewed: z.boolean(),
});
const rootSchema = z.object({
  file: z.string(),
  made: z.boolean().optional(),
  encrypted: z.boolean().optional(),
  fingerprint: z.string(),
  publicKey: z.string(),
});

/** What stops working when a key is replaced at once, in words for who has to decide it at night. */
const breaks: Record<string, string> = {
  dispatch: "commands that were signed and have not started are refused: approve those tasks again",
  approval: "plans that were approved and have not run are refused: approve them again",
  release: "nothing: it is signed anew; appliances fetch it before their next run",
  token: "everybody's access token: programs and people renew it by themselves within a minute, no one signs in anew",
  issuer:
    "every machine's certificate: all of them must be enrolled again. A stolen CA key alone opens no door: rotate without --now",
  seal: "seals that were made with it count no more: keep the old public key to check them against the locked bucket",
};
const uses = Object.keys(breaks);

interface PlaceOptions {
  stage?: string;
  stateDir: string;
  rootKey?: string;
  passphraseFile?: string;
}

export function addKeys(program: Command, run: Runner): void {
  const keys = program
    .command("keys")
    .summary("signing keys: see, rotate, the offline root")
    .description(
      "Signing keys of this machine's installation, or with --stage of one on AWS: with your own credentials.",
    );

  place(
    keys.command("ls").summary("keys, their age and what is due").description("Keys, their age and what is due."),
  ).action(async (options: PlaceOptions, self: Command) => run(self, (context) => list(context, options)));

  const rotate = rooted(
    place(
      keys
        .command("rotate")
        .summary("replace a key by a new one, with overlap")
        .description(
          "Replace a key by a new one: announce it, let it sign when everybody knows it, withdraw the old one when nothing " +
            "that it signed is shown any more. Does what can be done now and says what it waits for: run it again then. It " +
            "may be stopped at any time.",
        )
        .argument("<use>", `${uses.join(", ")}, or all`),
    ),
  )
    .option("--now", "the key is in wrong hands: wait for nobody")
    .option("--reason <why>", "why, with --now")
    .action(async (use: string, options: PlaceOptions & { now?: boolean; reason?: string }, self: Command) =>
      run(self, (context) => rotateKey(context, use, options)),
    );
  examples(
    rotate,
    "steward keys rotate token",
    "steward keys rotate all --stage prod --root-key /media/stick/steward-root.pem",
    'steward keys rotate dispatch --stage prod --now --reason "laptop stolen"',
  );

  rooted(
    place(
      keys
        .command("trust")
        .summary("sign the trust document anew")
        .description("Sign the trust document anew where it ends soon, or lists other keys than those of now."),
    ),
  )
    .option("--renew", "also where it would do")
    .action(async (options: PlaceOptions & { renew?: boolean }, self: Command) =>
      run(self, (context) => renew(context, options)),
    );

  const root = rooted(
    keys
      .command("root")
      .summary("make the offline root key")
      .description(
        "Make the offline root key: it signs which keys appliances obey, and they pin it when they enrol. A file for you " +
          "alone (0600), encrypted with a passphrase, outside of any work tree. One that is there is left as it is.",
      )
      .argument("<file>", "where to"),
  ).action(async (file: string, options: PlaceOptions, self: Command) =>
    run(self, (context) => makeRoot(context, file, options)),
  );
  rooted(
    root.command("show").summary("its fingerprint").description("The fingerprint of a root key.").argument("<file>"),
  ).action(async (file: string, _options: PlaceOptions, self: Command) =>
    run(self, (context) => showRoot(context, file, self.optsWithGlobals<PlaceOptions>())),
  );
  examples(
    root,
    "steward keys root /media/stick/steward-root.pem",
    "steward keys root show /media/stick/steward-root.pem",
  );
}

function place(command: Command): Command {
  return command
    .option(
      "--stage <stage>",
      "a stage on AWS: staging, prod, or one of your own (default: this machine's installation)",
    )
    .option("--state-dir <folder>", "where this machine's installation is", ".steward");
}

function rooted(command: Command): Command {
  return command
    .option("--root-key <file>", "the offline root key (default: root-key-<stage>.pem, beside the CLI's profiles)")
    .option("--passphrase-file <file>", "a file with its passphrase, instead of being asked");
}

function argsOf({ env }: Context, { stage, stateDir, rootKey }: PlaceOptions): { args: string[]; file: string } {
  const file =
    rootKey !== undefined
      ? resolve(rootKey)
      : stage === undefined
        ? join(stateDir, "root-key.pem")
        : join(dirname(env.profilesFile), `root-key-${stage}.pem`);
  const args = stage === undefined ? ["--state-dir", stateDir] : ["--stage", stage];
  return { args: [...args, "--root-key", file], file };
}

async function list(context: Context, options: PlaceOptions): Promise<void> {
  const { ui, nowMs } = context;
  const { stage, uses: listed } = await askProgram("keys", ["ls", ...argsOf(context, options).args], {
    answer: listedSchema,
  });
  ui.data({ stage, uses: listed });
  const rows = listed.flatMap(({ use, keys }) => keys.map((key) => ({ use, ...key })));
  ui.say(
    table(
      rows,
      [
        { head: "USE", cell: ({ use }) => use },
        { head: "KEY", cell: ({ keyId }) => keyId.slice(0, 12) },
        { head: "STATE", cell: stateOf },
        { head: "SINCE", cell: ({ sinceMs }) => relative(new Date(sinceMs).toISOString(), nowMs()) },
        { head: "DUE", cell: (key) => dueOf(ui, key, nowMs()) },
        { head: "KMS", cell: ({ kmsKeyId }) => kmsKeyId, flexible: true },
      ],
      ui.width,
      ui.paint,
    ),
  );
}

function stateOf({ state, compromised, retiredAtMs }: z.infer<typeof keySchema>): string {
  if (retiredAtMs !== undefined) return "retired";
  return compromised === undefined ? state : `${state}, compromised`;
}

function dueOf(ui: Ui, { dueAtMs, state, retiredAtMs }: z.infer<typeof keySchema>, nowMs: number): string {
  if (state !== "current" && retiredAtMs === undefined) return "run keys rotate again";
  if (dueAtMs === undefined) return "";
  return dueAtMs <= nowMs ? ui.paint.yellow("now") : relative(new Date(dueAtMs).toISOString(), nowMs);
}

async function rotateKey(
  context: Context,
  use: string,
  options: PlaceOptions & { now?: boolean; reason?: string },
): Promise<void> {
  const { ui } = context;
  if (use !== "all" && !uses.includes(use))
    throw usageError(`There is no key "${use}"`, `Say one of ${uses.join(", ")}, or all`);
  if ((options.now === true) !== (options.reason !== undefined))
    throw usageError("--now and --reason go together", 'steward keys rotate dispatch --now --reason "laptop stolen"');
  const compromised = options.reason;
  if (compromised !== undefined) {
    for (const one of use === "all" ? uses : [use]) ui.hint(`${one}: ${breaks[one]}.`);
    if (ui.canAsk && (await ui.question("Replace it at once? (yes/no) ")) !== "yes")
      throw usageError("Nothing was changed", "Without --now nothing breaks");
  }
  const { args, file } = argsOf(context, options);
  const rotated = await withPassphrase(ui, { file, passphraseFile: options.passphraseFile }, async (input) => {
    const stop = ui.progress(`Rotating ${use}`);
    return askProgram("keys", ["rotate", use, ...args], {
      input: { ...input, ...(compromised === undefined ? {} : { compromised }) },
      answer: rotatedSchema,
    }).finally(stop);
  });
  report(context, rotated, options);
}

function report({ ui, nowMs }: Context, rotated: Rotated, { stage }: PlaceOptions): void {
  const { paint } = ui;
  ui.data(rotated);
  for (const { use, did, waitsFor } of rotated.uses) {
    ui.say(paint.bold(use));
    for (const one of did) ui.say(`${paint.green("✔")} ${one}`);
    if (waitsFor === undefined) ui.say("  One key signs, and no other is accepted: it is done.");
    else if (waitsFor.what === "door") {
      ui.say("  Waits for the nodes door to load the new truststore.");
      if (stage !== undefined) ui.say(`  Next: npx sst deploy --stage ${stage}, then this again`);
    } else {
      const untilMs = waitsFor.untilMs ?? nowMs();
      const why =
        waitsFor.what === "everybody knows"
          ? "until everybody knows the new key"
          : "until nothing that the old key signed is shown any more";
      ui.say(`  Waits ${why}: ${new Date(untilMs).toISOString()}, in ${duration(Math.max(0, untilMs - nowMs()))}.`);
      ui.say("  Next: run this again then; later is as good.");
    }
  }
}

async function renew(context: Context, options: PlaceOptions & { renew?: boolean }): Promise<void> {
  const { ui } = context;
  const { args, file } = argsOf(context, options);
  const done = await withPassphrase(ui, { file, passphraseFile: options.passphraseFile }, (input) =>
    askProgram("keys", ["trust", ...args, ...(options.renew === true ? ["--always"] : [])], {
      input,
      answer: trustSchema,
    }),
  );
  ui.data(done);
  const until = `until ${new Date(done.expiresAtMs).toISOString().slice(0, 10)}`;
  ui.say(
    done.renewed
      ? `${ui.paint.green("✔")} Trust document ${done.version} is in force, ${until}.`
      : `Trust document ${done.version} holds ${until}: nothing was changed.`,
  );
}

async function makeRoot(context: Context, file: string, options: PlaceOptions): Promise<void> {
  const { ui } = context;
  const path = resolve(file);
  const made = await withPassphrase(ui, { file: path, passphraseFile: options.passphraseFile }, (input) =>
    askProgram("keys", ["root", "--root-key", path], { input, answer: rootSchema }),
  );
  ui.data(made);
  ui.say(
    made.made === true
      ? `${ui.paint.green("✔")} Root key: ${made.file} ${made.encrypted === true ? "(encrypted)" : ui.paint.yellow("(without a passphrase)")}`
      : `It was there: ${made.file}`,
  );
  ui.say(`  sha256 ${made.fingerprint}`);
  ui.say("Keep it offline, in two places: machines pin it, and nothing on AWS has it.");
  ui.say(`Next: steward bootstrap --stage <stage> --root-key ${made.file}`);
}

async function showRoot(context: Context, file: string, options: PlaceOptions): Promise<void> {
  const { ui } = context;
  const path = resolve(file);
  const shown = await withPassphrase(ui, { file: path, passphraseFile: options.passphraseFile }, (input) =>
    askProgram("keys", ["root-show", "--root-key", path], { input, answer: rootSchema }),
  );
  ui.data(shown);
  ui.say(`sha256 ${shown.fingerprint}`);
}
