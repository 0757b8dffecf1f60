import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createSecrets } from "@steward/aws/clients/secrets";
import { getSecret } from "@steward/aws/secrets";
import { resourceNames } from "@steward/contracts/names";
import { credentialsSchema } from "@steward/local/cloud/authorize";
import { startCloud } from "@steward/local/cloud/start-cloud";
import { writeCredentials } from "@steward/local/credentials";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../scripts/stage/set-secret.ts", import.meta.url));

/** Asks the program as `steward secrets set anthropic` does. */
async function setLocal(stateDir: string, port: number, value: string): Promise<unknown> {
  const child = spawn(process.execPath, [program, "--state-dir", stateDir, "--cloud-port", String(port)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(JSON.stringify({ value }));
  return JSON.parse(await text(child.stdout));
}

test("without a stage the value goes into the installation on this machine, with its owner's keys", async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "steward-set-secret-"));
  try {
    expect(await setLocal(stateDir, 1, "x")).toMatchObject({
      problem: { code: "unavailable", message: expect.stringContaining("no local installation here") },
    });
    const keys = writeCredentials(join(stateDir, "credentials.json"), "local");
    const credentials = credentialsSchema.parse(JSON.parse(readFileSync(join(stateDir, "credentials.json"), "utf8")));
    const cloud = await startCloud({ stateDir: join(stateDir, "cloud"), stage: "local", credentials });
    try {
      expect(await setLocal(stateDir, cloud.port, "the key")).toEqual({
        result: { stage: "local", name: resourceNames("local").anthropicSecret },
      });
      const escalate = createSecrets({
        region: "eu-central-1",
        endpointUrl: cloud.endpoint,
        credentials: keys.escalate,
      });
      expect(await getSecret(escalate, resourceNames("local").anthropicSecret)).toBe("the key");
    } finally {
      await cloud.close();
    }
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
});
