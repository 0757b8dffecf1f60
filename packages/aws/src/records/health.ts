import { readItem, type Table } from "../table.ts";

/** Throws where the table does not answer. There is nothing at this key, nor ever will be. */
export async function checkTable(table: Table): Promise<void> {
  await readItem(table, { pk: "SYS#HEALTH", sk: "HEALTH" });
}
