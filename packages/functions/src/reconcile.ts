import { reconcile } from "@steward/control/reconcile";
import { createContext } from "./context.ts";

const context = createContext("reconcile");

/** On a schedule: enforces every deadline. */
export async function handler(): Promise<void> {
  const { looked, failed } = await reconcile(context);
  if (looked > 0) context.log("info", "reconciled", { looked, failed });
}
