import type { SignIn } from "../../api/session.ts";
import { Panel } from "../../ui/page.tsx";

type Why = Extract<SignIn, { state: "out" }>["why"];

const reasons: Record<NonNullable<Why>, string> = {
  "link-used": "The link does not work any more: each works once, for a short time. Ask for a new one.",
  ended: "Your sign-in is over.",
  "signed-out": "You signed out.",
  unreachable: "Steward does not answer. Is it running? Start it with npm start, then open the link again.",
};

export function SignInPage({ why }: { why: Why }) {
  return (
    <main>
      <Panel title="You are not signed in">
        <p>{why === undefined ? "This page opens with a link that works once." : reasons[why]}</p>
        <p>
          On the machine that runs Steward, look at what <code>npm start</code> printed: the login link is in it.
        </p>
      </Panel>
    </main>
  );
}
