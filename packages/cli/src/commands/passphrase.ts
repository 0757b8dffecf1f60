import { readFileSync } from "node:fs";
import { AppError } from "@steward/contracts/errors";
import { usageError } from "../exit-codes.ts";
import type { Ui } from "../ui.ts";

const shortestPassphrase = 12;

/** A program that needs the root key says so when it does: then its owner is asked for the passphrase, and it runs again. */
export async function withPassphrase<T>(
  ui: Ui,
  { file, passphraseFile }: { file: string; passphraseFile?: string | undefined },
  ask: (input: { passphrase?: string | null }) => Promise<T>,
): Promise<T> {
  const given = passphraseFile === undefined ? undefined : readPassphrase(passphraseFile);
  return ask(given === undefined ? {} : { passphrase: given }).catch(async (error: unknown) => {
    const asks = error instanceof AppError ? error.details?.["asks"] : undefined;
    if (asks === "passphrase" && ui.canRead) {
      const passphrase = await ui.question(`Passphrase of ${file}: `, { hidden: true });
      if (passphrase !== undefined && passphrase !== "") return ask({ passphrase });
    }
    if (asks === "new-passphrase") return ask({ passphrase: await newPassphrase(ui, file) });
    throw error;
  });
}

function readPassphrase(file: string): string {
  let passphrase: string;
  try {
    passphrase = readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw usageError(`${file} cannot be read (${String(error instanceof Error ? error.message : error)})`);
  }
  return checkPassphrase(passphrase);
}

function checkPassphrase(passphrase: string): string {
  if (passphrase.length >= shortestPassphrase) return passphrase;
  throw usageError(`A passphrase has at least ${shortestPassphrase} characters`, "Five random words make a good one.");
}

/** Null: whoever cannot be asked gets a key without one, and is told so. */
async function newPassphrase(ui: Ui, file: string): Promise<string | null> {
  if (!ui.canAsk) return null;
  ui.hint(`A new root key is made: ${file}. It is asked for again when this stage's keys change.`);
  const passphrase = await ui.question("A passphrase for it (empty for none): ", { hidden: true });
  if (passphrase === undefined || passphrase === "") return null;
  checkPassphrase(passphrase);
  if ((await ui.question("Once more: ", { hidden: true })) !== passphrase)
    throw usageError("The two passphrases differ", "Nothing was made; run this again.");
  return passphrase;
}
