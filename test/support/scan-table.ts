import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { Table } from "@steward/aws/table";

/** Every item of the table, strongly consistent: with the rights of the test's own, for no part of Steward has them. */
export async function* scanTable({ client, name }: Table): AsyncGenerator<Record<string, unknown>> {
  let from: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: name,
        ConsistentRead: true,
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    yield* page.Items ?? [];
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
}
