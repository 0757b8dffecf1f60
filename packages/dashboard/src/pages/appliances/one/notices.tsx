import type { NodeView } from "@steward/contracts/node";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMe } from "../../../me/use-me.ts";
import { Icon } from "../../../ui/icon.tsx";
import { Moment, useNow } from "../../../ui/moment.tsx";
import { Said } from "../../../ui/said.tsx";
import { type Note, notesOf, noteTerms } from "../list/node-choice.ts";
import styles from "./one.module.css";

/** What keeps it from doing what it is there for, and the next step. */
export function Notices({ node }: { node: NodeView }) {
  const nowMs = useNow();
  const notes = notesOf(node, nowMs);
  if (notes.length === 0) return null;
  return (
    <div className={styles["notices"]}>
      {notes.map((note) => (
        <div key={note} className={styles["notice"]} data-tone={noteTerms[note].tone}>
          <Icon name={noteTerms[note].tone === "bad" ? "warn" : "info"} />
          <p>
            <Words note={note} node={node} />
          </p>
        </div>
      ))}
    </div>
  );
}

function Words({ note, node }: { note: Note; node: NodeView }): ReactNode {
  const { may } = useMe();
  switch (note) {
    case "revoked":
      return (
        <>
          <strong>Shut out</strong> <Moment at={node.revokedAt} />: <Said>{node.revokedReason}</Said>. Nothing that it
          has counts any more. To take it back, remove it and enrol it with a new token.
        </>
      );
    case "quarantined":
      return (
        <>
          <strong>In quarantine</strong> since <Moment at={node.quarantinedAt} />: its enrolment token was used with
          another key, so one of the two machines is not yours. Nothing runs there. Find out which, revoke and remove
          it, and enrol it anew.
        </>
      );
    case "unconfirmed":
      return (
        <>
          <strong>Not confirmed.</strong> Nothing runs here before somebody has compared its key with its screen.{" "}
          {may("admin") ? <Link to="/confirm">Compare and confirm it</Link> : "An admin does that."}
        </>
      );
    case "certificate-ended":
      return (
        <>
          <strong>Its certificate has ended</strong> <Moment at={node.certificateExpiresAt} />. Once it is switched on
          it renews it by itself, up to 90 days late; after that, remove it and enrol it again.
        </>
      );
    case "certificate-ends":
      return (
        <>
          <strong>Its certificate ends</strong> <Moment at={node.certificateExpiresAt} />, and it should have renewed it
          by itself five days ago. On the machine: <code>sudo steward-agent doctor</code>
        </>
      );
    case "drift":
      return (
        <>
          <strong>Its configuration is not the newest.</strong> It takes it up with its next heartbeat.{" "}
          <Link to="." search={(before: object) => ({ ...before, tab: "configuration" }) as never}>
            See what differs
          </Link>
        </>
      );
  }
}
