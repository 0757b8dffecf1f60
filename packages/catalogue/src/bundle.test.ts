import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { releaseActionSchema } from "@steward/contracts/release";
import fc from "fast-check";
import { extract } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dnsRecordAdd } from "./actions/dns.ts";
import { usersAdd } from "./actions/users.ts";
import { buildAllBundles, buildBundle } from "./bundle.ts";
import { catalogue } from "./catalogue.ts";
import { gzipStored } from "./gzip-stored.ts";
import { contentOf } from "./playbook-content.ts";
import { releaseActions } from "./release-content.ts";

const packageDirectory = join(import.meta.dirname, "..");

async function namesIn(bytes: Uint8Array): Promise<string[]> {
  const archive = extract();
  archive.end(gunzipSync(bytes));
  const names: string[] = [];
  for await (const entry of archive) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}

describe("a bundle", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "steward-bundle-"));
    for (const name of ["playbooks", "roles", "requirements.yml"]) {
      await cp(join(packageDirectory, name), join(directory, name), { recursive: true });
    }
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("holds the playbook and just the roles that it uses", async () => {
    const names = await namesIn((await buildBundle(usersAdd)).bytes);
    expect(names).toEqual(names.toSorted());
    expect(names).toContain("users_add.yml");
    expect(names).toContain("requirements.yml");
    expect(names).toContain("roles/users/tasks/add_undo.yml");
    expect(names).toContain("roles/steward_file/tasks/forget.yml");
    expect(names.filter((name) => /^roles\/(?:dns|samba)/.test(name))).toEqual([]);
    expect(await namesIn((await buildBundle(dnsRecordAdd)).bytes)).toContain("roles/dns/templates/record.conf.j2");
  });

  test("is named by the hash of its bytes", async () => {
    const { digest, bytes } = await buildBundle(usersAdd);
    expect(digest).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  test("is the same for other times, owners' masks, places and orders of files", async () => {
    const expected = await buildAllBundles();
    const umask = process.umask(0o077);
    try {
      const copy = join(directory, "elsewhere");
      for (const name of ["roles", "playbooks", "requirements.yml"]) {
        await cp(join(packageDirectory, name), join(copy, name), { recursive: true });
      }
      for (const entry of await readdir(copy, { recursive: true })) await utimes(join(copy, entry), 1, 1);
      await writeFile(join(copy, "roles/users/tasks/.add.yml.swp"), "left by an editor");
      const found = await buildAllBundles(catalogue.toReversed(), { directory: copy });
      for (const [id, { digest }] of expected) expect(found.get(id)?.digest, id).toBe(digest);
    } finally {
      process.umask(umask);
    }
  });

  test("changes with any byte of what it holds, and with nothing else", async () => {
    const before = await buildAllBundles(catalogue, { directory });
    await writeFile(join(directory, "roles/dns/templates/record.conf.j2"), "# another\n");
    const after = await buildAllBundles(catalogue, { directory });
    const changed = catalogue.filter(({ id }) => before.get(id)?.digest !== after.get(id)?.digest);
    expect(changed.map(({ id }) => id)).toEqual(["dns.server.setup", "dns.record.add", "dns.record.remove"]);
  });

  test.each([
    ["a module of a collection", "community.general.ufw", "uses community.general.ufw"],
    ["a shell", "ansible.builtin.shell", "uses ansible.builtin.shell"],
    ["a short name", "shell", "no module with its full name"],
  ])("is refused with %s", async (_what, module, problem) => {
    const task = `- name: Do\n  block:\n    - name: Deep\n      ${module}: id\n`;
    await writeFile(join(directory, "roles/users/tasks/extra.yml"), task);
    await expect(buildBundle(usersAdd, { directory })).rejects.toThrow(problem);
  });

  test("is refused with a role that a template names, a file out of place, or another line ending", async () => {
    const file = join(directory, "roles/users/tasks/extra.yml");
    await writeFile(file, '- name: Do\n  ansible.builtin.include_role:\n    name: "{{ role }}"\n');
    await expect(buildBundle(usersAdd, { directory })).rejects.toThrow("named outright");
    await writeFile(file, "- name: Do\r\n");
    await expect(buildBundle(usersAdd, { directory })).rejects.toThrow("carriage returns");
    await rm(file);
    await writeFile(join(directory, "roles/users/notes.txt"), "");
    await expect(buildBundle(usersAdd, { directory })).rejects.toThrow("does not belong");
  });

  test("playbooks never step out of a preview", async () => {
    expect(() => contentOf("- name: X\n  check_mode: false\n  ansible.builtin.command: id\n", "x")).toThrow(
      "check_mode",
    );
  });
});

test("gzipStored gives what gunzip takes back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1000 }), (data) => gunzipSync(gzipStored(Buffer.from(data))).equals(data)),
  );
  for (const length of [0, 65_535, 65_536, 200_000]) {
    const data = Buffer.alloc(length, "steward");
    expect(gunzipSync(gzipStored(data)).equals(data)).toBe(true);
  }
});

test("a release's actions keep the contract", async () => {
  const actions = releaseActions(await buildAllBundles());
  expect(actions).toHaveLength(catalogue.length);
  for (const action of actions) {
    expect(releaseActionSchema.safeParse(action), action.id).toMatchObject({ success: true });
    expect(action.variables).toMatchObject({ type: "object", additionalProperties: false });
  }
  expect(() => releaseActions(new Map())).toThrow("no bundle of users.add");
});
