import type { TokenView } from "@steward/contracts/principals";
import { tokenRoutes } from "@steward/contracts/routes/tokens";
import { Fragment, useEffect, useRef } from "react";
import { useChange } from "../../api/use-api.ts";
import { visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Moment, useNow } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "../people/people.module.css";
import { isLessened, tokenState, tokenStateWords } from "./token-state.ts";

/** One token: what it was made for, what it may do now, and its end. */
export function TokenPanel({
  token,
  rolesText,
  onClose,
}: {
  token: TokenView;
  rolesText: (grants: TokenView["grants"]) => string;
  onClose: () => void;
}) {
  const confirm = useConfirm();
  const revoke = useChange(tokenRoutes.revokeToken, {
    refreshes: [tokenRoutes.listTokens],
    says: "The token is revoked.",
  });
  const head = useRef<HTMLDivElement>(null);
  useEffect(() => {
    head.current?.focus({ preventScroll: true });
    head.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const state = tokenStateWords[tokenState(token, useNow())];
  const askAndRevoke = async () => {
    const used =
      token.lastUsedAt === undefined ? "It was never used." : "Whatever uses it stops working within 5 seconds.";
    const text = `${visible(token.name)} is not accepted any more, and what it asked for does not start. ${used}`;
    if (await confirm({ title: "Revoke this token?", text, verb: "Revoke", danger: true }))
      await revoke.run({ params: { tokenId: token.id } });
  };
  return (
    <Panel title={<Said>{token.name}</Said>} actions={<IconButton label="Close" icon="close" onClick={onClose} />}>
      <div className={styles["form"]} ref={head} tabIndex={-1}>
        <Facts
          items={[
            [
              "State",
              <Fragment key="state">
                <Badge tone={state.tone}>{state.text}</Badge> <span className={styles["soft"]}>{state.means}</span>
              </Fragment>,
            ],
            ["May", rolesText(token.effectiveGrants) || "nothing"],
            (isLessened(token) || token.effectiveGrants.length === 0) && ["Made as", rolesText(token.grants)],
            ["Last used", <Moment key="used" at={token.lastUsedAt} />],
            ["Ends", <Moment key="ends" at={token.expiresAt} />],
            token.revokedAt !== undefined && ["Revoked", <Moment key="revoked" at={token.revokedAt} />],
            ["Made", <Moment key="made" at={token.createdAt} />],
            ["Made by", <Said key="by">{token.createdBy.name}</Said>],
            [
              "Id",
              <Said key="id" mono>
                {token.id}
              </Said>,
            ],
          ]}
        />
        {token.revokedAt === undefined ? (
          <div className={styles["ways"]}>
            <Button tone="danger" busy={revoke.isRunning} onClick={() => void askAndRevoke()}>
              Revoke
            </Button>
          </div>
        ) : null}
      </div>
    </Panel>
  );
}
