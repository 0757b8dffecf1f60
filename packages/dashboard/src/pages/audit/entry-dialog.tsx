import type { AuditEntryView } from "@steward/contracts/audit";
import { Link } from "@tanstack/react-router";
import { recordPage, verbOf } from "../../audit/record-link.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Skeleton } from "../../ui/loaded.tsx";
import { exactText, Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";

export function EntryDialog({
  id,
  entry,
  isLoading,
  names,
  onClose,
  onRequest,
}: {
  id: string;
  entry: AuditEntryView | undefined;
  isLoading: boolean;
  names: ReadonlyMap<string, string>;
  onClose: () => void;
  onRequest: (request: string) => void;
}) {
  const requestId = entry?.requestId;
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title={entry === undefined ? "An entry of the trail" : <Said>{verbOf(entry.what).text}</Said>}
      actions={
        requestId === undefined ? undefined : (
          <Button icon="filter" onClick={() => onRequest(requestId)}>
            All of this request
          </Button>
        )
      }
    >
      {entry !== undefined ? (
        <Entry entry={entry} names={names} />
      ) : isLoading ? (
        <Skeleton />
      ) : (
        <p>
          <code>{id}</code> is not among the entries that are loaded. Take the filters away, or name the time from which
          on it was written, and open the link again.
        </p>
      )}
    </Dialog>
  );
}

function Entry({ entry, names }: { entry: AuditEntryView; names: ReadonlyMap<string, string> }) {
  const page = recordPage(entry.record);
  const name = names.get(entry.who);
  return (
    <Facts
      items={[
        [
          "When",
          <>
            <Moment at={entry.at} /> ({exactText(entry.at)})
          </>,
        ],
        [
          "Who",
          <>
            {name !== undefined && (
              <>
                <Said>{name}</Said>{" "}
              </>
            )}
            <Copy text={entry.who} label="Copy who" />
          </>,
        ],
        ["What", <Said mono>{entry.what}</Said>],
        entry.count === undefined ? undefined : ["How often", `${entry.count} times within that minute`],
        ["Record", page === undefined ? <Said mono>{entry.record}</Said> : <RecordLink record={entry.record} />],
        entry.requestId === undefined
          ? undefined
          : ["Request", <Copy text={entry.requestId} label="Copy the request" />],
        ["State before", <Digest value={entry.before} none="there was none, or it is not told" />],
        ["State after", <Digest value={entry.after} none="there is none, or it is not told" />],
        [
          "Seal",
          entry.seal === undefined ? (
            <>
              <Badge tone="wait">waits</Badge> for the next seal, within about a minute
            </>
          ) : (
            `number ${entry.seal}`
          ),
        ],
        ["Entry", <Copy text={entry.id} label="Copy the entry’s id" />],
      ]}
    />
  );
}

function RecordLink({ record }: { record: string }) {
  const page = recordPage(record);
  if (page === undefined) return <Said mono>{record}</Said>;
  return (
    <Link {...page}>
      <Said mono>{record}</Said>
    </Link>
  );
}

function Digest({ value, none }: { value: string | undefined; none: string }) {
  return value === undefined ? <span>{none}</span> : <Copy text={value} label="Copy the digest" />;
}
