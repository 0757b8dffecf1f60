import { open, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { certificateKinds, type CertificateView } from "@steward/contracts/certificate";
import { defaults } from "@steward/contracts/defaults";
import { type Command, Option } from "commander";
import type { Context, Runner } from "../context.ts";
import { CliError, type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { listUpTo } from "../list-all.ts";
import type { Paint } from "../text/paint.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { examples, wholeNumber } from "./shared.ts";

const statuses = ["valid", "expired", "revoked"] as const;
/** A file that travels by mail and sticks is guessed at leisure. */
const shortestPassphrase = 12;

/** What works on the tenant's certificates; `cert init` is a stage's. */
export function addCertificates(cert: Command, run: Runner): void {
  addList(cert, run);
  addShow(cert, run);
  addIssue(cert, run);
  addRevoke(cert, run);
}

interface Listing {
  kind?: (typeof certificateKinds)[number];
  status?: (typeof statuses)[number];
  expiring?: boolean;
  holder?: string;
  limit: number;
}

function addList(cert: Command, run: Runner): void {
  const command = cert
    .command("ls")
    .summary("certificates of machines and people")
    .description("The tenant's certificates, of machines and people, newest first. For its admins.")
    .addOption(new Option("--kind <kind>", "only these").choices([...certificateKinds]))
    .addOption(new Option("--status <status>", "only these").choices([...statuses]))
    .option("--holder <id>", "only those of this machine or person")
    .option("--expiring", "only those of machines that should have been renewed")
    .option("--limit <number>", "how many", wholeNumber(1, 100_000), 1000)
    .action(async (options: Listing, self: Command) => run(self, (context) => list(context, options)));
  examples(command, "steward cert ls", "steward cert ls --kind user --status valid", "steward cert ls --expiring");
}

async function list({ connect, ui, nowMs }: Context, options: Listing): Promise<void> {
  const { limit, expiring = false, ...filter } = options;
  const { call } = await connect();
  const chosen = expiring ? { ...filter, kind: "node" as const, status: "valid" as const } : filter;
  const found = await listUpTo(limit, (query) => call("listCertificates", { query: { ...query, ...chosen } }));
  const items = expiring ? overdue(found.items, nowMs()) : found.items;
  ui.data({ items, more: found.more });
  if (items.length === 0) ui.say(expiring ? "Every machine has renewed in time." : "No certificates like that.");
  else ui.say(certificatesTable(items, ui, nowMs()));
  if (found.more) ui.say(ui.paint.dim(`… and more: --limit ${limit * 2}`));
}

/** Of each machine its newest certificate, where little of it is left. An older one beside it has been renewed. */
function overdue(items: readonly CertificateView[], nowMs: number): CertificateView[] {
  const newest = new Map<string, CertificateView>();
  for (const item of items) if (!newest.has(item.holder)) newest.set(item.holder, item);
  const untilMs = nowMs + defaults.certificateWarningSeconds * 1000;
  return [...newest.values()].filter(({ expiresAt }) => Date.parse(expiresAt) < untilMs);
}

function certificatesTable(items: readonly CertificateView[], ui: Ui, nowMs: number): string {
  return table(
    items,
    [
      { head: "KIND", cell: (one) => one.kind },
      { head: "HOLDER", cell: (one) => visible(one.holderName), flexible: true },
      { head: "STATUS", cell: (one) => paintStatus(one, ui.paint) },
      { head: "ENDS", cell: (one) => relative(one.expiresAt, nowMs) },
      { head: "ID", cell: (one) => one.id },
    ],
    ui.width,
    ui.paint,
  );
}

function paintStatus({ status }: CertificateView, paint: Paint): string {
  if (status === "valid") return paint.green(status);
  return status === "revoked" ? paint.red(status) : paint.dim(status);
}

function addShow(cert: Command, run: Runner): void {
  const command = cert
    .command("show")
    .summary("one certificate")
    .description("One certificate.")
    .argument("<certificate>", "its id")
    .action(async (certificateId: string, _options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const one = await call("getCertificate", { params: { certificateId } });
        ui.data(one);
        const row = (label: string, text: string | undefined) => {
          if (text !== undefined) ui.say(`  ${ui.paint.dim(label.padEnd(12))}${text}`);
        };
        ui.say(`${ui.paint.bold(visible(one.holderName))}  ${paintStatus(one, ui.paint)}  ${ui.paint.dim(one.id)}`);
        row("kind", one.kind);
        row("holder", one.holder);
        row("issued", relative(one.issuedAt, nowMs()));
        row("ends", `${relative(one.expiresAt, nowMs())} (${one.expiresAt})`);
        row("revoked", one.revokedAt === undefined ? undefined : relative(one.revokedAt, nowMs()));
        row("reason", one.reason === undefined ? undefined : visible(one.reason));
        row("sha256", one.fingerprint);
        row("key", one.keyFingerprint);
        row("serial", one.serial);
      }),
    );
  examples(command, "steward cert show crt_01k…");
}

function addRevoke(cert: Command, run: Runner): void {
  const command = cert
    .command("revoke")
    .summary("revoke a person's certificate")
    .description(
      "Revoke a person's certificate: it opens no session any more, and those that it opened end. For admins of the " +
        "tenant. A machine is revoked as a whole: steward appliances revoke.",
    )
    .argument("<certificate>", "its id")
    .option("--yes", "without being asked")
    .action(async (certificateId: string, options: { yes?: boolean }, self: Command) =>
      run(self, async ({ connect, ui }): Promise<ExitCode> => {
        const { call } = await connect();
        const one = await call("getCertificate", { params: { certificateId } });
        if (one.kind === "node") {
          throw new CliError(exitCodes.failed, `This is a machine's certificate, of ${visible(one.holderName)}`, {
            next: `Revoke the machine: steward appliances revoke ${visible(one.holderName)} --reason …`,
          });
        }
        if (options.yes !== true) {
          if (!ui.canAsk) throw usageError("Nobody is there to ask", "Use --yes if you mean it.");
          if ((await ui.confirm(`Revoke the certificate of ${visible(one.holderName)}?`)) !== true) {
            ui.say("Not revoked.");
            return exitCodes.failed;
          }
        }
        await call("revokeCertificate", { params: { certificateId } });
        ui.data({ revoked: certificateId });
        ui.say(`${ui.paint.green("✔")} The certificate of ${visible(one.holderName)} is revoked.`);
        return exitCodes.ok;
      }),
    );
  examples(command, "steward cert revoke crt_01k… --yes");
}

interface IssueOptions {
  user?: boolean;
  out: string;
  passphraseFile?: string;
}

function addIssue(cert: Command, run: Runner): void {
  const command = cert
    .command("issue")
    .summary("a certificate for your own browser")
    .description(
      "A certificate for your own browser, good for 90 days: a file to import, behind a passphrase. The key is made here " +
        "and leaves this machine only with that file. Keep the passphrase and the file apart.",
    )
    .option("--user", "for yourself; machines get theirs by enrolling")
    .option("--out <file>", "the file, which must not be there yet", "steward-user.p12")
    .option("--passphrase-file <file>", "a file with the passphrase, instead of being asked")
    .action(async (options: IssueOptions, self: Command) => run(self, (context) => issue(context, options)));
  examples(command, "steward cert issue --user", "steward cert issue --user --out ada.p12 --passphrase-file ./phrase");
}

async function issue({ connect, ui, nowMs }: Context, options: IssueOptions): Promise<void> {
  if (options.user !== true) {
    throw usageError("Say for whom: --user", "A machine gets its certificate by enrolling: steward appliances enroll.");
  }
  const passphrase = options.passphraseFile === undefined ? await ask(ui, options.out) : read(options.passphraseFile);
  if (passphrase.length < shortestPassphrase) {
    throw usageError(
      `A passphrase has at least ${shortestPassphrase} characters`,
      "Five random words make a good one.",
    );
  }
  const { call, apiUrl } = await connect();
  const { newKeyPair, pkcs12, requestFor } = await import("../pkcs12.ts");
  // Before the certificate: where the file cannot be made, none is issued.
  const file = await open(options.out, "wx", 0o600).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST") throw usageError(`${options.out} is there already`, "Choose another with --out.");
    throw usageError(`${options.out} cannot be written (${String(error instanceof Error ? error.message : error)})`);
  });
  try {
    const keys = await newKeyPair();
    const issued = await call("createCertificate", { body: { csr: await requestFor(keys) } });
    const stop = ui.progress("Encrypting");
    const bytes = await pkcs12({
      key: keys.privateKey,
      chain: issued.certificate,
      name: `Steward ${new URL(apiUrl).hostname}`,
      passphrase,
    }).finally(stop);
    await file.writeFile(bytes);
    await file.sync();
    ui.data({ id: issued.id, expiresAt: issued.expiresAt, file: options.out });
    ui.say(
      `${ui.paint.green("✔")} ${options.out}, good until ${issued.expiresAt.slice(0, 10)} (${relative(issued.expiresAt, nowMs())})  ${ui.paint.dim(issued.id)}`,
    );
    ui.say(`Import it in your browser, then open ${new URL("/certificate", apiUrl).href}`);
    ui.say(`Lost it? steward cert revoke ${issued.id}`);
  } catch (error) {
    await rm(options.out, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function ask(ui: Ui, file: string): Promise<string> {
  if (!ui.canRead) throw usageError("Nobody is there to ask for a passphrase", "Give a file: --passphrase-file <file>");
  const passphrase = (await ui.question(`A passphrase for ${file}: `, { hidden: true })) ?? "";
  if (passphrase.length >= shortestPassphrase && (await ui.question("Once more: ", { hidden: true })) !== passphrase) {
    throw usageError("The two passphrases differ", "Nothing was made; run this again.");
  }
  return passphrase;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw usageError(`${file} cannot be read (${String(error instanceof Error ? error.message : error)})`);
  }
}
