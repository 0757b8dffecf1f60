import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Action } from "@steward/contracts/actions";
import { pack } from "tar-stream";
import { catalogue } from "./catalogue.ts";
import { gzipStored } from "./gzip-stored.ts";
import { type Content, contentOf, pinnedModules } from "./playbook-content.ts";

/** A playbook with just the roles that it uses: `<playbook>.yml`, `requirements.yml`, `roles/…`. */
export interface Bundle {
  /** sha256 of `bytes`, lower-case hex: the bundle's name everywhere. */
  digest: string;
  /** A tar.gz that depends on nothing but the files' paths and contents. */
  bytes: Uint8Array;
}

export interface BundleOptions {
  /** Holds `playbooks/`, `roles/` and `requirements.yml`. Default: this package. */
  directory?: string;
}

/** Throws when the playbook uses a module that is not pinned, a role that is missing, or a file that is out of place. */
export async function buildBundle(action: Action, options: BundleOptions = {}): Promise<Bundle> {
  return bundleOf(action, createReader(options.directory ?? join(import.meta.dirname, "..")));
}

/** The bundles of all actions, by the action's id. */
export async function buildAllBundles(
  actions: readonly Action[] = catalogue,
  options: BundleOptions = {},
): Promise<Map<string, Bundle>> {
  const reader = createReader(options.directory ?? join(import.meta.dirname, ".."));
  const bundles = new Map<string, Bundle>();
  for (const action of actions) bundles.set(action.id, await bundleOf(action, reader));
  return bundles;
}

interface Source {
  path: string;
  text: string;
}

interface Role {
  files: Source[];
  roles: string[];
}

interface Reader {
  file(path: string): Promise<string>;
  role(name: string): Promise<Role>;
}

/** Reads every role once, however many playbooks use it. */
function createReader(directory: string): Reader {
  const roles = new Map<string, Promise<Role>>();
  const file = async (path: string) => {
    const text = await readFile(join(directory, path), "utf8");
    if (text.includes("\r")) throw new Error(`${path} has carriage returns: its bytes would differ between checkouts`);
    return text;
  };
  return {
    file,
    role(name) {
      const known = roles.get(name) ?? readRole(directory, name, file);
      roles.set(name, known);
      return known;
    },
  };
}

const roleFile = /^(?:tasks|handlers|vars|defaults|meta)\/[a-z_]+\.yml$|^templates\/[a-z._-]+\.j2$|^files\/[a-z._-]+$/;

async function readRole(directory: string, name: string, file: Reader["file"]): Promise<Role> {
  const base = `roles/${name}`;
  const entries = await readdir(join(directory, base), { recursive: true, withFileTypes: true });
  const files: Source[] = [];
  const used = new Set<string>();
  for (const entry of entries) {
    // What editors leave behind is nobody's intent.
    if (entry.isDirectory() || entry.name.startsWith(".") || entry.name.endsWith("~")) continue;
    const inRole = join(entry.parentPath, entry.name).slice(join(directory, base).length + 1);
    if (!entry.isFile() || !roleFile.test(inRole)) throw new Error(`${base}/${inRole} does not belong in a role`);
    const path = `${base}/${inRole}`;
    const text = await file(path);
    files.push({ path, text });
    if (/^(?:tasks|handlers)\//.test(inRole)) {
      const content = contentOf(text, path);
      requirePinned(content, path);
      for (const role of content.roles) used.add(role);
    }
  }
  return { files, roles: [...used] };
}

async function bundleOf(action: Action, reader: Reader): Promise<Bundle> {
  const path = `playbooks/${action.playbook}.yml`;
  const text = await reader.file(path);
  const content = contentOf(text, path);
  requirePinned(content, path);
  const sources: Source[] = [
    { path: `${action.playbook}.yml`, text },
    { path: "requirements.yml", text: await reader.file("requirements.yml") },
  ];
  const names = [...content.roles];
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    if (name === undefined) continue;
    const role = await reader.role(name);
    sources.push(...role.files);
    for (const used of role.roles) if (!names.includes(used)) names.push(used);
  }
  const bytes = gzipStored(await tar(sources));
  return { digest: createHash("sha256").update(bytes).digest("hex"), bytes };
}

function requirePinned(content: Content, where: string): void {
  const foreign = [...content.modules].filter((module) => !pinnedModules.has(module));
  if (foreign.length > 0) {
    throw new Error(`${where} uses ${foreign.join(", ")}, which the Ansible that appliances run is not pinned to have`);
  }
}

async function tar(sources: Source[]): Promise<Buffer> {
  const archive = pack();
  const sorted = sources.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  for (const { path, text } of sorted) {
    archive.entry({ name: path, mode: 0o644, uid: 0, gid: 0, uname: "", gname: "", mtime: new Date(0) }, text);
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
