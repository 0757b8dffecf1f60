import { LinkButton } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { Page } from "../ui/page.tsx";

export function NotFound() {
  return (
    <Page title="Not found">
      <Empty title="There is no page at this address" action={<LinkButton to="/">To the first page</LinkButton>}>
        It may be of another version of Steward, or mistyped.
      </Empty>
    </Page>
  );
}
