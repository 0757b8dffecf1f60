import type { CertificateView } from "@steward/contracts/certificate";
import { certificateRoutes } from "@steward/contracts/routes/certificates";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { RevokeDialog } from "../appliances/revoke-dialog.tsx";
import { certificateTerm } from "./certificate-terms.ts";

/** One certificate. A person's is revoked by itself, a machine's with the machine. */
export function CertificateDialog({ certificateId, onClose }: { certificateId: string; onClose: () => void }) {
  const query = useApi(certificateRoutes.getCertificate, { params: { certificateId } }, { every: "background" });
  const confirm = useConfirm();
  const [revoking, setRevoking] = useState(false);
  const one = query.data;
  const revoke = useChange(certificateRoutes.revokeCertificate, {
    says: "The certificate is revoked.",
    onDone: onClose,
  });
  const ask = async ({ id, holderName }: CertificateView) => {
    const name = visible(holderName);
    const yes = await confirm({
      title: `Revoke the certificate of ${name}?`,
      text: `It opens no session any more, and those that it opened end within five seconds. ${name} can still sign in by a link.`,
      verb: "Revoke it",
      danger: true,
      retype: holderName,
    });
    if (yes) await revoke.run({ params: { certificateId: id } });
  };
  if (one !== undefined && revoking) {
    return <RevokeDialog node={{ id: one.holder, name: one.holderName }} onClose={() => setRevoking(false)} />;
  }
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => open || onClose()}
      title={one === undefined ? "Certificate" : <Said>{one.holderName}</Said>}
      actions={
        <>
          {one?.status === "valid" && (
            <Button
              tone="danger"
              icon="stop"
              busy={revoke.isRunning}
              onClick={() => (one.kind === "node" ? setRevoking(true) : void ask(one))}
            >
              {one.kind === "node" ? "Shut the machine out" : "Revoke it"}
            </Button>
          )}
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      <Loaded query={query} rows={8}>
        {(shown) => (
          <Facts
            items={[
              ["Status", <Status key="status" of={certificateTerm(shown.status)} />],
              ["Of", <Holder key="of" one={shown} />],
              ["Issued", <Moment key="issued" at={shown.issuedAt} />],
              ["Ends", <Moment key="ends" at={shown.expiresAt} />],
              ["Revoked", shown.revokedAt === undefined ? undefined : <Moment key="revoked" at={shown.revokedAt} />],
              ["Why", shown.reason === undefined ? undefined : <Said key="why">{shown.reason}</Said>],
              ["SHA-256", <Copy key="sha256" text={shown.fingerprint} />],
              ["Key", <Copy key="key" text={shown.keyFingerprint} />],
              ["Serial", <Copy key="serial" text={shown.serial} />],
              ["Id", <Copy key="id" text={shown.id} />],
            ]}
          />
        )}
      </Loaded>
    </Dialog>
  );
}

function Holder({ one: { kind, holder, holderName } }: { one: CertificateView }) {
  const name = <Said>{holderName}</Said>;
  if (kind === "user") return <>{name}, a person</>;
  return holder.startsWith("wrk_") ? (
    <Link to="/workers/$nodeId" params={{ nodeId: holder }}>
      {name}
    </Link>
  ) : (
    <Link to="/appliances/$nodeId" params={{ nodeId: holder }}>
      {name}
    </Link>
  );
}
