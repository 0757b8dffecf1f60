import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Profile, profilesFileSchema } from "@steward/contracts/profile";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { updateProfiles } from "../../cli/src/profiles.ts";
import { writeProfiles } from "../src/cli-profiles.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "steward-profiles-"));
  file = join(dir, "steward", "profiles.json");
});
afterEach(() => rmSync(dir, { recursive: true }));

const profile = (refreshToken: string): Profile => ({ apiUrl: "http://127.0.0.1:4400", refreshToken });
const stored = () => profilesFileSchema.parse(JSON.parse(readFileSync(file, "utf8")));

describe("the CLI's profiles, written by the supervisor", () => {
  it("are for their owner only, and leave what others wrote", async () => {
    await writeProfiles(file, { local: profile("one"), "local-birch": profile("two") });
    expect(stored()).toMatchObject({ current: "local", profiles: { local: { refreshToken: "one" } } });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await updateProfiles(file, (now) => ({ current: "far", profiles: { ...now?.profiles, far: profile("three") } }));
    await writeProfiles(file, { local: profile("four") });
    expect(stored()).toMatchObject({
      current: "far",
      profiles: { local: { refreshToken: "four" }, far: { refreshToken: "three" } },
    });
  });

  it("lose nothing when commands change them in the same moment", async () => {
    const count = 12;
    await Promise.all(
      Array.from({ length: count }, (_, index) => [
        writeProfiles(file, { [`local-${index}`]: profile("ours") }),
        updateProfiles(file, async (now) => {
          // What was read is a moment old by the time it is written, as when a session is refreshed in between.
          await new Promise((resolve) => setImmediate(resolve));
          return { current: "local-0", profiles: { ...now?.profiles, [`cli-${index}`]: profile("theirs") } };
        }),
      ]).flat(),
    );
    expect(Object.keys(stored().profiles)).toHaveLength(2 * count);
    expect(readdirSync(join(dir, "steward"))).toEqual(["profiles.json"]);
  });

  it("are not kept from being written by the lock of a command that was killed", async () => {
    await writeProfiles(file, { local: profile("one") });
    writeFileSync(`${file}.lock`, JSON.stringify({ pid: 2 ** 22 + 1, atMs: Date.now(), id: "gone" }));
    await writeProfiles(file, { local: profile("two") });
    writeFileSync(`${file}.lock`, "");
    await writeProfiles(file, { local: profile("three") });
    expect(stored().profiles["local"]?.refreshToken).toBe("three");
    expect(readdirSync(join(dir, "steward"))).toEqual(["profiles.json"]);
  });
});
