import { Copy } from "../../ui/copy.tsx";
import { Said } from "../../ui/said.tsx";
import { Once } from "./once.tsx";
import styles from "./people.module.css";

export interface FreshLink {
  name: string;
  token: string;
  expiresAt: string;
}

/** The page's own address with the token behind `#`, which no server ever sees. */
export function loginLink(origin: string, token: string): string {
  return `${origin}/#login=${token}`;
}

export function LinkOnce({
  link,
  isKept,
  onKept,
}: {
  link: FreshLink;
  isKept: boolean;
  onKept: (isKept: boolean) => void;
}) {
  const url = loginLink(globalThis.location.origin, link.token);
  return (
    <>
      <p>
        Hand this to <Said>{link.name}</Said>, in a way that only they can read. It signs in once; whoever opens it
        first is them.
      </p>
      <Once label="One-time link" text={url} expiresAt={link.expiresAt} isKept={isKept} onKept={onKept}>
        <p className={styles["soft"]}>On a terminal:</p>
        <Copy text={`steward login '${url}'`} label="Command" />
      </Once>
    </>
  );
}
