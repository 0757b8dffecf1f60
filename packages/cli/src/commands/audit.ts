import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { type AuditEntryView, auditEntryViewSchema, entryOfView } from "@steward/contracts/audit";
import type { Client } from "@steward/contracts/client";
import { type SealView, sealViewSchema } from "@steward/contracts/seal";
import { signedDocumentSchema } from "@steward/contracts/signed";
import { requestIdSchema } from "@steward/contracts/request-id";
import { createTrailVerifier, type KnownSeal, type TrailReport } from "@steward/contracts/verify-trail";
import { type Command, InvalidArgumentError } from "commander";
import { z } from "zod";
import { recall, remember } from "../audit-memory.ts";
import type { Context, Runner } from "../context.ts";
import { CliError, type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { listUpTo, pagesOf } from "../list-all.ts";
import { table } from "../text/table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { sealKeys, type TrustSource, verifySignature } from "../verify-audit.ts";
import { withLines } from "../write-lines.ts";
import { examples, wholeNumber } from "./shared.ts";

interface Filters {
  who?: string;
  what?: string;
  record?: string;
  request?: string;
  from?: string;
  to?: string;
}

export function addAudit(program: Command, run: Runner): void {
  const audit = program
    .command("audit")
    .summary("who did what, and whether the trail of it is whole")
    .description("The audit trail: who did what, and whether the trail of it is whole. For admins.");
  filtered(audit.command("ls").description("The newest entries."))
    .option("--limit <n>", "how many", wholeNumber(1, 10_000), 30)
    .action(async (options: Filters & { limit: number }, self: Command) =>
      run(self, async (context) => list(context, options)),
    );
  filtered(
    audit.command("export").description("Entries as NDJSON, newest first: for keeping, and for verify --entries."),
  )
    .option("--output <file>", "into a new file, which only you may read; else to stdout")
    .action(async (options: Filters & { output?: string }, self: Command) =>
      run(self, async (context) => exportEntries(context, options)),
    );
  audit
    .command("seals")
    .description("Seals with their proofs as NDJSON, oldest first: for keeping, and for verify --seals.")
    .option("--output <file>", "into a new file, which only you may read; else to stdout")
    .option("--from <sequence>", "the first one", wholeNumber(1, 999_999_999_999), 1)
    .option("--whole", "what is sealed of every tenant (provider's admins)")
    .action(async (options: { output?: string; from: number; whole?: boolean }, self: Command) =>
      run(self, async (context) => exportSeals(context, options)),
    );
  const verify = audit
    .command("verify")
    .description(
      "Verify the trail from its oldest seal on: that every seal is signed by a key that the root vouches for and follows " +
        "the one before, and that every entry is what was sealed, none missing and none put in. Nothing that the API says " +
        "is believed, but for which root key it is at the first time. Exit code 1 when anything is found.",
    )
    .option("--root <fingerprint>", "sha256 of the root's public key, as `steward bootstrap` printed it", fingerprint)
    .option(
      "--known <sequence:hash>",
      "a seal that you know from before; by default the one that was verified last",
      knownSeal,
    )
    .option("--quick", "only from the known seal on")
    .option("--whole", "every tenant's trail (provider's admins)")
    .option("--entries <file>", "from a file that `audit export` made; with --seals")
    .option("--seals <file>", "from a file that `audit seals` made")
    .option("--as-of <time>", "with files: when they were made (ISO 8601); else now")
    .action(async (options: VerifyOptions, self: Command) =>
      run(self, async (context) => verifyTrail(context, options)),
    );
  examples(
    audit,
    "steward audit ls --who per_01k… --from 2027-01-01T00:00:00Z",
    "steward audit ls --request 4bf92f3577b34da6a3ce929d0e0e4736",
    "steward audit verify --root 5f1c…",
    "steward audit export --output entries.ndjson && steward audit seals --output seals.ndjson",
    "steward audit verify --entries entries.ndjson --seals seals.ndjson --root 5f1c…",
  );
  examples(verify, "steward audit verify", "steward audit verify --quick --json");
}

function filtered(command: Command): Command {
  return command
    .option("--who <id>", "a person, a token, a node, or steward:<part>")
    .option("--what <verb>", "submit-task, approve-plan, denied-forbidden, …")
    .option("--record <id>", "on which record")
    .option("--request <id>", "of one request: itself, and all that came of it", request)
    .option("--from <time>", "from this moment on (ISO 8601)", time)
    .option("--to <time>", "up to this moment (ISO 8601)", time);
}

function time(value: string): string {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) throw new InvalidArgumentError("Write it like 2027-01-07T08:00:00Z.");
  return new Date(ms).toISOString();
}

function request(value: string): string {
  const id = requestIdSchema.safeParse(value);
  if (!id.success) throw new InvalidArgumentError("`steward tasks show` says a task's: 32 hexadecimal digits.");
  return id.data;
}

function fingerprint(value: string): string {
  const digits = value
    .toLowerCase()
    .replace(/^sha256[ :]*/, "")
    .replaceAll(":", "");
  if (!/^[0-9a-f]{64}$/.test(digits)) throw new InvalidArgumentError("A fingerprint has 64 hexadecimal digits.");
  return digits;
}

function knownSeal(value: string): KnownSeal {
  const match = /^(\d{1,12}):([0-9a-f]{64})$/.exec(value);
  if (match === null) throw new InvalidArgumentError("Write it like 1200:9f86d0…, as verify prints it.");
  return { sequence: Number(match[1]), hash: match[2] ?? "" };
}

async function list(
  { connect, ui, nowMs }: Context,
  { limit, ...filters }: Filters & { limit: number },
): Promise<void> {
  const { call } = await connect();
  const { items, more } = await listUpTo(limit, (query) =>
    call("listAudit", { query: { ...query, ...given(filters) } }),
  );
  ui.data({ items });
  if (items.length === 0) {
    ui.say("There is no such entry.");
    return;
  }
  ui.say(
    table(
      items,
      [
        { head: "WHEN", cell: (entry) => relative(entry.at, nowMs()) },
        { head: "WHO", cell: (entry) => visible(entry.who), flexible: true },
        { head: "WHAT", cell: (entry) => visible(entry.what) + (entry.count === undefined ? "" : ` ×${entry.count}`) },
        { head: "RECORD", cell: (entry) => visible(entry.record), flexible: true },
        { head: "SEAL", cell: (entry) => `${entry.seal ?? "–"}` },
      ],
      ui.width,
      ui.paint,
    ),
  );
  if (more) ui.hint(`There are more: --limit ${limit * 2}, or steward audit export`);
}

function given<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** Every entry, a page at a time. `told` hears how many there have been. */
async function* entriesOf(call: Client, filters: Filters = {}): AsyncGenerator<AuditEntryView[]> {
  const pages = pagesOf((query) => call("listAudit", { query: { ...query, ...given(filters) } }));
  for await (const { items } of pages) yield items;
}

interface SealPage extends TrustSource {
  items: SealView[];
}

function sealsOf(call: Client, { from, whole }: { from: number; whole: boolean }): AsyncGenerator<SealPage> {
  return pagesOf((query) => call("listSeals", { query: { ...query, from, show: whole ? "whole" : "own" } }));
}

async function exportEntries({ connect, ui }: Context, { output, ...filters }: Filters & { output?: string }) {
  const { call } = await connect();
  let count = 0;
  await withLines(output, ui.stream, async (sink) => {
    let done = ui.progress("0 entries …");
    for await (const items of entriesOf(call, filters)) {
      done();
      await sink.write(items);
      count += items.length;
      done = ui.progress(`${count} entries …`);
    }
    done();
  });
  if (output === undefined) return;
  ui.data({ file: output, entries: count });
  ui.say(`${ui.paint.green("✔")} ${count} entries in ${output}`);
}

/** What a file of seals begins with. */
const headSchema = z.object({
  trust: signedDocumentSchema,
  rootPublicKey: z.base64(),
  /** Absent: of all. */
  tenantId: z.string().optional(),
});

async function exportSeals(
  context: Context,
  { output, from, whole = false }: { output?: string; from: number; whole?: boolean },
): Promise<void> {
  const { ui } = context;
  const connection = await context.connect();
  const tenantId = whole ? undefined : (connection.tenantId ?? (await onlyTenant(connection.call)));
  let count = 0;
  await withLines(output, ui.stream, async (sink) => {
    let done = ui.progress("0 seals …");
    for await (const { items, trust, rootPublicKey } of sealsOf(connection.call, { from, whole })) {
      done();
      if (count === 0) await sink.write([{ trust, rootPublicKey, ...(tenantId === undefined ? {} : { tenantId }) }]);
      await sink.write(items);
      count += items.length;
      done = ui.progress(`${count} seals …`);
    }
    done();
  });
  if (output === undefined) return;
  ui.data({ file: output, seals: count });
  ui.say(`${ui.paint.green("✔")} ${count} seals in ${output}`);
}

async function onlyTenant(call: Client): Promise<string> {
  const { items } = await call("listTenants", { query: { limit: 2 } });
  const [only] = items;
  if (only !== undefined && items.length === 1) return only.id;
  throw usageError("Say whose trail", "Name a tenant with --tenant; or --whole, as the provider's admin");
}

interface VerifyOptions {
  root?: string;
  known?: KnownSeal;
  quick?: boolean;
  whole?: boolean;
  entries?: string;
  seals?: string;
  asOf?: string;
}

/** Where seals and entries come from, and what is remembered of it. */
interface Source {
  tenantId: string | undefined;
  isShown?: (tenantId: string) => boolean;
  seals: (from: number) => AsyncIterable<SealPage>;
  entries: () => AsyncIterable<AuditEntryView[]>;
  known?: KnownSeal | undefined;
  root?: string | undefined;
  /** Of the remembered root. */
  trustVersion?: number | undefined;
  /** Called when nothing was found. */
  keep?: (verified: { root: string; trustVersion: number; newest: KnownSeal }) => Promise<void>;
}

async function verifyTrail(context: Context, options: VerifyOptions): Promise<ExitCode> {
  const { ui } = context;
  const fromFiles = options.entries !== undefined || options.seals !== undefined;
  if (fromFiles && (options.entries === undefined || options.seals === undefined))
    throw usageError("--entries and --seals go together", "Make them: steward audit export, steward audit seals");
  if (options.asOf !== undefined && !fromFiles) throw usageError("--as-of is for files");
  const nowMs = options.asOf === undefined ? context.nowMs() : Date.parse(time(options.asOf));
  const source = fromFiles
    ? await fileSource(options.seals ?? "", options.entries ?? "")
    : await apiSource(context, options.whole ?? false);
  const root = options.root ?? source.root;
  const known = options.known ?? source.known;
  if (options.quick === true && known === undefined)
    throw usageError("No seal is known from before", "Verify once without --quick, or name one with --known");

  // What is remembered of one root says nothing of another.
  const trustVersion = root === source.root ? source.trustVersion : undefined;
  const verified = await verifySource(ui, source, { root, trustVersion, known, quick: options.quick ?? false, nowMs });
  const { report, ...trusted } = verified;
  if (report.ok && report.newest !== undefined) await source.keep?.({ ...trusted, newest: report.newest });
  tell(ui, { ...verified, pinned: root !== undefined, remembers: source.keep !== undefined, nowMs });
  return report.ok ? exitCodes.ok : exitCodes.failed;
}

async function verifySource(
  ui: Ui,
  source: Source,
  {
    root,
    trustVersion,
    known,
    quick,
    nowMs,
  }: {
    root: string | undefined;
    trustVersion: number | undefined;
    known: KnownSeal | undefined;
    quick: boolean;
    nowMs: number;
  },
): Promise<{ report: TrailReport; root: string; trustVersion: number }> {
  let verifier: ReturnType<typeof createTrailVerifier> | undefined;
  let found = { root: "", trustVersion: 0 };
  let counted = 0;
  let done = ui.progress("0 seals …");
  try {
    for await (const page of source.seals(quick ? (known?.sequence ?? 1) : 1)) {
      if (verifier === undefined) {
        const trusted = sealKeys(page, { root, trustVersion, nowMs });
        found = { root: trusted.root, trustVersion: trusted.trustVersion };
        verifier = createTrailVerifier({
          tenantId: source.tenantId,
          keys: trusted.keys,
          verifySignature,
          ...(known === undefined ? {} : { known, fromKnown: quick }),
          ...(source.isShown === undefined ? {} : { isShown: source.isShown }),
        });
      }
      for (const view of page.items) verifier.seal(view);
      counted += page.items.length;
      done();
      done = ui.progress(`${counted} seals …`);
    }
    if (verifier === undefined) throw new CliError(exitCodes.failed, "There is not one seal to look at");
    counted = 0;
    for await (const items of source.entries()) {
      for (const view of items) verifier.entry(entryOfView(view), view.seal);
      counted += items.length;
      done();
      done = ui.progress(`${counted} entries …`);
    }
  } finally {
    done();
  }
  return { report: verifier.finish(nowMs), ...found };
}

async function apiSource(context: Context, whole: boolean): Promise<Source> {
  const { env, connect } = context;
  const { call, apiUrl, ...connection } = await connect();
  const tenantId = whole ? undefined : (connection.tenantId ?? (await onlyTenant(call)));
  const remembered = await recall(env.profilesFile, apiUrl);
  const place = tenantId ?? "*";
  const tenants = whole ? (await listUpTo(100_000, (query) => call("listTenants", { query }))).items : [];
  const shown = new Set(tenants.map(({ id }) => id));
  return {
    tenantId,
    seals: (from) => sealsOf(call, { from, whole }),
    entries: async function* () {
      if (!whole) return yield* entriesOf(call);
      for (const { id } of tenants) yield* entriesOf((await connect({ tenant: id })).call);
    },
    known: remembered.seals[place],
    root: remembered.root,
    trustVersion: remembered.trustVersion,
    keep: async ({ root, trustVersion, newest: { sequence, hash } }) => {
      const seals = { ...remembered.seals, [place]: { sequence, hash } };
      await remember(env.profilesFile, apiUrl, { root, trustVersion, seals });
    },
    ...(whole ? { isShown: (id: string) => shown.has(id) } : {}),
  };
}

async function fileSource(sealsFile: string, entriesFile: string): Promise<Source> {
  let head: z.infer<typeof headSchema> | undefined;
  for await (const line of linesOf(sealsFile)) {
    head = read(line, headSchema, sealsFile);
    break;
  }
  if (head === undefined) throw usageError(`${sealsFile} is empty`);
  const { trust, rootPublicKey, tenantId } = head;
  return {
    tenantId,
    seals: async function* (from) {
      let isFirst = true;
      for await (const line of linesOf(sealsFile)) {
        const items = isFirst ? [] : [read(line, sealViewSchema, sealsFile)];
        isFirst = false;
        yield { items: items.filter(({ sequence }) => sequence >= from), trust, rootPublicKey };
      }
    },
    entries: async function* () {
      for await (const line of linesOf(entriesFile)) yield [read(line, auditEntryViewSchema, entriesFile)];
    },
  };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file, "utf8");
  const opened = new Promise<void>((resolve, reject) => stream.once("open", () => resolve()).once("error", reject));
  await opened.catch((cause: unknown) => {
    throw usageError(`${file} cannot be read (${cause instanceof Error ? cause.message : String(cause)})`);
  });
  for await (const line of createInterface({ input: stream })) if (line !== "") yield line;
}

function read<Schema extends z.ZodType>(line: string, schema: Schema, file: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(line));
  } catch (cause) {
    throw new CliError(
      exitCodes.failed,
      `${file} has a line that is none of an export: ${visible(line.slice(0, 80))}`,
      {
        cause,
      },
    );
  }
}

const mostShown = 20;

function tell(
  ui: Ui,
  {
    report,
    root,
    pinned,
    remembers,
    nowMs,
  }: { report: TrailReport; root: string; pinned: boolean; remembers: boolean; nowMs: number },
): void {
  const { paint } = ui;
  const { findings, warnings, newest, first, ...counts } = report;
  ui.data({ ...report, root, rootWasKnown: pinned });
  for (const { message } of findings.slice(0, mostShown)) ui.say(`${paint.red("✘")} ${visible(message)}`);
  if (findings.length > mostShown) ui.say(`  … and ${findings.length - mostShown} more: --json has them`);
  for (const warning of warnings) ui.say(`${paint.yellow("!")} ${visible(warning)}`);
  const when = (ms: number) => relative(new Date(ms).toISOString(), nowMs);
  if (first !== undefined && newest !== undefined) {
    ui.say(
      `${counts.seals} seals, ${first.sequence} (${when(first.sealedAtMs)}) to ${newest.sequence} (${when(newest.sealedAtMs)}); ` +
        `${counts.sealed} entries are what was sealed, ${counts.waiting} wait for the next seal` +
        (counts.skipped === 0 ? "." : `, ${counts.skipped} from before were not looked at.`),
    );
  }
  if (!pinned) {
    ui.hint(
      `The root key is the one that was shown: sha256 ${root}. Ask whoever keeps it whether that is right` +
        (remembers && report.ok ? "; from now on no other is taken." : "."),
    );
  }
  if (!report.ok) {
    ui.say(`${paint.red("✘")} ${paint.bold("The trail is not what was sealed.")} See docs/audit.md.`);
    return;
  }
  ui.say(`${paint.green("✔")} The trail is whole.`);
  if (newest !== undefined) ui.say(paint.dim(`  Known from now on: ${newest.sequence}:${newest.hash}`));
}
