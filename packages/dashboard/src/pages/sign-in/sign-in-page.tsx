import type { LoginOptions } from "@steward/contracts/session";
import { useEffect, useState } from "react";
import { pastedProof } from "../../api/issuer-sign-in.ts";
import { loginOptions, type SignIn, signInAt, signInWith } from "../../api/session.ts";
import { visible } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems, Problem } from "../../ui/problem.tsx";
import { AppError } from "@steward/contracts/errors";
import styles from "./sign-in.module.css";

type Why = Extract<SignIn, { state: "out" }>["why"];

const reasons: Record<NonNullable<Why>, string> = {
  "link-used": "The link does not work any more: each works once, for a short time. Ask for a new one.",
  ended: "Your sign-in is over. Sign in again to go on where you were.",
  "signed-out": "You signed out.",
  unreachable: "Steward does not answer. If it is running, open the link again: it was not used up.",
  issuer: "That sign-in did not work.",
};

/** A laptop's own: who sits there started it. */
const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname);

/** Every way in. Who has none finds out whom to ask. */
export function SignInPage({ why, error }: { why: Why; error?: unknown }) {
  useEffect(() => {
    document.title = "Sign in · Steward";
  }, []);
  const [pasted, setPasted] = useState("");
  return (
    <main className={styles["page"]}>
      <h1 className={styles["title"]}>Sign in to Steward</h1>
      {why !== undefined && (
        <p className={styles["why"]} role="status">
          <Icon name="info" /> {reasons[why]}
        </p>
      )}
      {error !== undefined && <Problem error={error} />}
      <Panel>
        <div className={styles["ways"]}>
          <Issuers pasted={pasted} />
          <Pasted pasted={pasted} onPasted={setPasted} />
          {isLocal && (
            <p className={styles["soft"]}>
              On this machine, <code>npm start</code> printed a link that works once.
            </p>
          )}
          <details className={styles["more"]}>
            <summary>Other ways</summary>
            <ul>
              <li>
                Your browser has a certificate of yours: <a href="/certificate">sign in with it</a>.
              </li>
              <li>
                On a command line: <code>steward login --help</code>.
              </li>
            </ul>
          </details>
        </div>
      </Panel>
      <p className={styles["soft"]}>
        No way in? An admin of your organisation invites you, and you get a link that works once.
      </p>
    </main>
  );
}

/** The accounts of an organisation. Which it is, the address says: a link to a tenant's page offers that tenant's. */
function Issuers({ pasted }: { pasted: string }) {
  const [options, setOptions] = useState<LoginOptions["issuers"]>([]);
  const [problem, setProblem] = useState<string>();
  const [tenant] = useState(() => new URLSearchParams(location.search).get("tenant") ?? undefined);
  useEffect(() => {
    let isGone = false;
    // Where they cannot be asked for, the other ways are there.
    loginOptions(tenant).then(
      ({ issuers }) => isGone || setOptions(issuers),
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [tenant]);
  const proof = pastedProof(pasted);
  const invitation = proof !== undefined && "bootstrapToken" in proof ? proof.bootstrapToken : undefined;
  if (options.length === 0) return null;
  return (
    <section className={styles["way"]} aria-labelledby="issuers">
      <h2 id="issuers">With your organisation’s account</h2>
      {options.map((issuer) => {
        const host = URL.parse(issuer.authorizationUrl ?? issuer.url)?.host ?? issuer.url;
        return issuer.authorizationUrl === undefined ? (
          <p key={issuer.id} className={styles["soft"]}>
            {visible(issuer.name)} ({visible(host)}) signs nobody in on this page. On a command line:{" "}
            <code>steward login --issuer {issuer.id}</code>
          </p>
        ) : (
          <div key={issuer.id}>
            <Button
              tone="primary"
              icon="external"
              className={styles["wide"]}
              onClick={() =>
                setProblem(signInAt(issuer, invitation) ? undefined : `${visible(issuer.name)} has no page to go to.`)
              }
            >
              {invitation === undefined ? "Go on with" : "Bind your account at"} {visible(issuer.name)}
            </Button>
            <p className={styles["soft"]}>You leave this page for {visible(host)}.</p>
          </div>
        );
      })}
      {invitation !== undefined && (
        <p className={styles["soft"]}>
          The link below is used for that: from then on the account signs you in, without a link.
        </p>
      )}
      {problem !== undefined && (
        <p role="alert" className={styles["wrong"]}>
          {problem}
        </p>
      )}
    </section>
  );
}

function Pasted({ pasted, onPasted }: { pasted: string; onPasted: (text: string) => void }) {
  const [isRunning, setIsRunning] = useState(false);
  const [error, setError] = useState<AppError>();
  const [tried, setTried] = useState(false);
  const proof = pastedProof(pasted);
  const signIn = async () => {
    setTried(true);
    if (proof === undefined || isRunning) return;
    setIsRunning(true);
    setError(undefined);
    try {
      await signInWith(proof);
    } catch (failure) {
      setError(failure instanceof AppError ? failure : new AppError("internal", String(failure)));
      setIsRunning(false);
    }
  };
  return (
    <form
      className={styles["way"]}
      onSubmit={(event) => {
        event.preventDefault();
        void signIn();
      }}
    >
      <h2>With a link or a token</h2>
      <TextField
        label="One-time link or service token"
        type="password"
        autoComplete="off"
        value={pasted}
        onChange={(text) => {
          onPasted(text);
          setError(undefined);
        }}
        error={tried && proof === undefined ? "is neither a link with #login=… nor a token" : undefined}
        hint={
          proof !== undefined && "token" in proof
            ? "A service token: its sign-in ends with this tab, and after an hour at most."
            : "Whoever invited you sent the link. It works once."
        }
      />
      <FieldProblems error={error} />
      <div>
        <Button type="submit" busy={isRunning}>
          Sign in
        </Button>
      </div>
    </form>
  );
}
