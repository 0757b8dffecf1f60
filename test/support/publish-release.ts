import { join } from "node:path";
import type { Outcome } from "../../packages/local/src/host/lambda.ts";
import type { Installation } from "./installation.ts";
import { startFunction } from "./one-function.ts";

/** Asks the built `bootstrap` in `directory` to publish once: the release that lies beside it. */
export async function publishFrom(installation: Pick<Installation, "stack">, directory: string): Promise<Outcome> {
  const lambda = startFunction(installation, { name: "bootstrap", entry: join(directory, "index.mjs") });
  try {
    return await lambda.invoke({ step: "publish" });
  } finally {
    await lambda.close();
  }
}
