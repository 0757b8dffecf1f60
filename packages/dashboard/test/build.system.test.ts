import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { buildDashboard } from "../serve/build.ts";

/** A dashboard of one script and one input besides, in a folder of its own. */
let folder: string;
let input: string;
const said: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steward-dashboard-"));
  input = join(folder, "lock.json");
  said.length = 0;
  mkdirSync(join(folder, "src"));
  put("index.html", '<!doctype html><script type="module" src="/src/main.ts"></script>');
  put("vite.config.ts", "export default { build: { manifest: true } };\n");
  put("package.json", "{}");
  put("src/main.ts", 'document.title = "one";\n');
  put("lock.json", "{}");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}
const build = () => buildDashboard({ folder, inputs: [input], say: (text) => void said.push(text) });
const scripts = () => readdirSync(join(folder, "dist/assets")).filter((name) => name.endsWith(".js"));
const script = () => readFileSync(join(folder, "dist/assets", scripts()[0] ?? ""), "utf8");

it("builds what is new, once, and says so", async () => {
  expect(await build()).toBe("built");
  expect(script()).toContain("one");
  expect(said.length).toBe(2);
  expect(await build()).toBe("as it was");
  expect(said.length).toBe(2);
  expect(readdirSync(join(folder, "node_modules/.dashboard"))).toEqual([]);
});

it("builds again when a source, the configuration or a locked version is another, and for no test", async () => {
  await build();
  put("src/main.test.ts", "");
  expect(await build()).toBe("as it was");
  put("src/main.ts", 'document.title = "two";\n');
  expect(await build()).toBe("built");
  expect(script()).toContain("two");
  expect(scripts()).toHaveLength(1);
  put("lock.json", '{"react":"20"}');
  expect(await build()).toBe("built");
  put("vite.config.ts", "export default { build: { manifest: true, minify: false } };\n");
  expect(await build()).toBe("built");
});

it("two that ask at once get one build", async () => {
  expect((await Promise.all([build(), build(), build()])).toSorted()).toEqual(["as it was", "as it was", "built"]);
  expect(said.length).toBe(2);
});

it("what does not build says why, and what was built before stays", async () => {
  await build();
  put("src/main.ts", "const a = ;\n");
  await expect(build()).rejects.toThrow(/vite build ended with 1:[^]*main\.ts/);
  expect(script()).toContain("one");
  // And is tried again by whoever comes next.
  put("src/main.ts", 'document.title = "three";\n');
  expect(await build()).toBe("built");
});

it("a builder that was killed keeps nobody waiting", async () => {
  const lock = join(folder, "node_modules/.dashboard/lock");
  mkdirSync(join(folder, "node_modules/.dashboard"), { recursive: true });
  // The largest number that Linux gives a process, one higher.
  writeFileSync(lock, "4194305");
  expect(await build()).toBe("built");
  expect(existsSync(lock)).toBe(false);
});
