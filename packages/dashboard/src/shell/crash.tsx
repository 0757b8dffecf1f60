import type { ErrorComponentProps } from "@tanstack/react-router";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { Page } from "../ui/page.tsx";

/** A page that broke, or whose code did not come. The rest of Steward goes on. */
export function Crash({ error, reset }: ErrorComponentProps) {
  // A release replaced the files that this tab still names.
  const stale = /dynamically imported module|Importing a module script|Failed to fetch/i.test(String(error));
  return (
    <Page title={stale ? "This page could not be loaded" : "This page broke"}>
      <Empty
        title={stale ? "Steward was updated, or cannot be reached" : "Something went wrong on this page"}
        action={
          <>
            <Button tone="primary" onClick={() => location.reload()}>
              Reload
            </Button>{" "}
            <Button onClick={reset}>Try again</Button>
          </>
        }
      >
        {stale ? "A reload gets the newest page." : String(error instanceof Error ? error.message : error)}
      </Empty>
    </Page>
  );
}
