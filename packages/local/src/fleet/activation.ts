import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const activationSchema = z.object({ id: z.string(), code: z.string() });
type Activation = z.infer<typeof activationSchema>;

/** Keeps what enrolment gave (0600): a later start finds it here, because only the first enrolment answers it. */
export function keepActivation(stateDir: string, given: Activation | undefined): Activation | undefined {
  const file = join(stateDir, "ssm-activation.json");
  if (given !== undefined) {
    writeFileSync(`${file}.new`, JSON.stringify(given), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    return given;
  }
  return existsSync(file) ? activationSchema.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
}
