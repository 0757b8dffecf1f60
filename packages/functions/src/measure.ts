import { actForSystem } from "@steward/aws/tenant-fence";
import { measureLoad } from "@steward/control/measure-load";
import { createContext } from "./context.ts";

const context = createContext("measure");

/** On a schedule: measures lanes and workers. */
export async function handler(): Promise<void> {
  await actForSystem("lanes and workers serve all tenants", () => measureLoad(context));
}
