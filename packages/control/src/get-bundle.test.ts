import type { AppError } from "@steward/contracts/errors";
import { describe, expect, it } from "vitest";
import { getBuild, getBundle } from "./get-bundle.ts";

const [agent, worker, unlisted, missing] = ["a", "b", "c", "d"].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];
const deps = {
  bundleBucket: "bundles",
  release: async () => ({
    release: { agents: { "1.2.0": agent, "worker/1.3.0": worker, "1.4.0": missing }, actions: [{ bundle: missing }] },
  }),
  objects: {
    exists: async (_bucket: string, key: string) => !key.includes(missing),
    presignedGet: async (bucket: string, key: string, seconds: number) => `https://${bucket}/${key}?for=${seconds}`,
  },
} as unknown as Parameters<typeof getBuild>[0];
const ask = (kind: "appliance" | "worker", digest: string) =>
  getBuild(deps, { kind }, { digest }).catch((error: unknown) => (error as AppError).code);

describe("a build", () => {
  it("is given to the kind of machine that runs it, for a few minutes", async () => {
    expect(await ask("appliance", agent)).toEqual({ url: `https://bundles/builds/${agent}.mjs?for=300` });
    expect(await ask("worker", worker)).toEqual({ url: `https://bundles/builds/${worker}.mjs?for=300` });
  });

  it("that the release lists and nobody has uploaded is not there, and says what to do: no address is signed for it", async () => {
    const refused = { code: "not_found", next: expect.stringContaining("deploy the stage again") };
    await expect(getBuild(deps, { kind: "appliance" }, { digest: missing })).rejects.toMatchObject(refused);
    await expect(getBundle(deps, { digest: missing })).rejects.toMatchObject(refused);
  });

  it("of the other kind, or that the release does not list, is not there", async () => {
    expect(await ask("appliance", worker)).toBe("not_found");
    expect(await ask("worker", agent)).toBe("not_found");
    expect(await ask("worker", unlisted)).toBe("not_found");
  });
});
