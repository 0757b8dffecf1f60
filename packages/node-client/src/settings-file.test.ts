import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkMayRead, parseSettings, withSettingsFile } from "./settings-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steward-settings-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a settings file", () => {
  it("says to a command on the host what it says to the service; the shell wins", () => {
    const file = join(folder, "worker.env");
    writeFileSync(file, 'STEWARD_STATE_DIR="/srv/worker"\n# three\nSTEWARD_WORKER_SLOTS=3\nOLLAMA_HOST=http://a:1\n');
    expect(withSettingsFile(file, { OLLAMA_HOST: "http://b:2" })).toMatchObject({
      STEWARD_STATE_DIR: "/srv/worker",
      STEWARD_WORKER_SLOTS: "3",
      OLLAMA_HOST: "http://b:2",
    });
  });

  it("need not be there", () => {
    const shell = { STEWARD_WORKER_SLOTS: "2" };
    expect(withSettingsFile(join(folder, "none.env"), shell)).toEqual(shell);
  });

  it("is read as systemd reads it", () => {
    expect(
      parseSettings(
        ["A=plain # and all", "  B = no", 'C="a \\"b\\" c"', "D='$x'", "; E=1", "#F=1", "G=", "H=a=b  "].join("\n"),
      ),
    ).toEqual({ A: "plain # and all", C: 'a "b" c', D: "$x", G: "", H: "a=b" });
  });
});

// Root may look everywhere.
it.skipIf(process.getuid?.() === 0)("whoever may not look into the state folder is told of sudo", () => {
  expect(() => checkMayRead(join(folder, "none"))).not.toThrow();
  expect(() => checkMayRead(folder)).not.toThrow();
  chmodSync(folder, 0o000);
  expect(() => checkMayRead(folder)).toThrow(expect.objectContaining({ next: expect.stringContaining("sudo") }));
  chmodSync(folder, 0o700);
});
