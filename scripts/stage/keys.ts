import { parseArgs } from "node:util";
import { AppError } from "@steward/contracts/errors";
import { type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import { listKeys, renewTrust, rotateKeys } from "@steward/control/rotate-keys";
import { trustUses } from "@steward/core/key/trust-document";
import { z } from "zod";
import { answerWith, readInput } from "./answer.ts";
import { rootKeyFile } from "./root-key-file.ts";
import { rotationDeps } from "./rotation-deps.ts";

const inputSchema = z.object({
  passphrase: z.string().nullable().optional(),
  /** Why the keys of now are worth nothing any more. */
  compromised: z.string().min(1).max(300).optional(),
});

/** `steward keys …`: into the installation on this machine, or with `--stage` into a stage on AWS. */
await answerWith(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      stage: { type: "string" },
      "state-dir": { type: "string", default: ".steward" },
      "root-key": { type: "string" },
      always: { type: "boolean", default: false },
    },
  });
  const [what = "", which = ""] = positionals;
  const { passphrase, compromised } = inputSchema.parse(await readInput());
  const { stage, "state-dir": stateDir, "root-key": rootKey } = values;
  const deps = () => rotationDeps({ stage, stateDir, rootKey, passphrase });
  switch (what) {
    case "root": {
      if (rootKey === undefined) throw new AppError("invalid_request", "say where the root key is to be: --root-key");
      const source = rootKeyFile(rootKey, passphrase);
      const { keyId: fingerprint, publicKey } = source.open() ?? source.create();
      return { file: rootKey, made: source.used().made, encrypted: passphrase !== null, fingerprint, publicKey };
    }
    case "root-show": {
      const root = rootKey === undefined ? undefined : rootKeyFile(rootKey, passphrase).open();
      if (root === undefined) throw new AppError("not_found", `there is no root key in ${rootKey ?? "no file"}`);
      return { file: rootKey, fingerprint: root.keyId, publicKey: root.publicKey };
    }
    case "ls": {
      const rotation = await deps();
      return { stage: rotation.stage, uses: await listKeys(rotation) };
    }
    case "rotate": {
      const uses = usesOf(which);
      const rotation = await deps();
      // Asked for before anything is done: a passphrase that nobody knows must not stop it in the middle.
      if (uses.some((use) => trustUses.some((one) => one === use))) rotation.root();
      const done = await rotateKeys(rotation, { uses, compromised });
      return { stage: rotation.stage, uses: done };
    }
    case "trust": {
      const rotation = await deps();
      return { stage: rotation.stage, ...(await renewTrust(rotation, { always: values.always })) };
    }
    default:
      throw new AppError("invalid_request", `there is no "keys ${what}"`);
  }
});

function usesOf(which: string): readonly SigningKeyUse[] {
  if (which === "all") return signingKeyUses;
  const use = signingKeyUses.find((one) => one === which);
  if (use !== undefined) return [use];
  throw new AppError("invalid_request", `there is no key "${which}"`, {
    next: `Say one of ${signingKeyUses.join(", ")}, or all.`,
  });
}
