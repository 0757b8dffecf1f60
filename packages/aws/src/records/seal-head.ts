import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { calling, isNamed } from "../faults.ts";
import { readItem, type Table } from "../table.ts";

/*
 * What the sealer remembers of the newest seal whose entries are all marked. The bucket is the truth; this says where to
 * look in it, and that what is there is what was left there.
 */

const key = { pk: "SYS#SEAL", sk: "HEAD" };

export interface SealHead {
  sequence: number;
  /** sha256 of the payload. */
  hash: string;
}

/** Strongly consistent; undefined before the first seal. */
export async function getSealHead(table: Table): Promise<SealHead | undefined> {
  const item = await readItem(table, key);
  return item === undefined ? undefined : { sequence: Number(item["sequence"]), hash: String(item["hash"]) };
}

/**
 * onlyForward: settles two sealers. Whoever is behind does not take back what the other has noted.
 *
 *     A  marked 7 ─────────────── note 7 ✗ older than what is there: as good as done
 *     B     marked 7 ── note 7 ── sealed 8 ── note 8
 */
const onlyForward = "attribute_not_exists(#sequence) OR #sequence < :sequence";

export async function noteSealHead(table: Table, { sequence, hash }: SealHead): Promise<void> {
  await calling("note the newest seal", async () => {
    try {
      await table.client.send(
        new UpdateCommand({
          TableName: table.name,
          Key: key,
          UpdateExpression: "SET #sequence = :sequence, #hash = :hash",
          ConditionExpression: onlyForward,
          ExpressionAttributeNames: { "#sequence": "sequence", "#hash": "hash" },
          ExpressionAttributeValues: { ":sequence": sequence, ":hash": hash },
        }),
      );
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
    }
  });
}
