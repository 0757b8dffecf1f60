import { nodeNameSchema, tagSchema } from "@steward/contracts/node";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import type { AnswerOf } from "@steward/contracts/caller";
import { useState } from "react";
import { useChange } from "../../../api/use-api.ts";
import { visible } from "../../../text.ts";
import { Button } from "../../../ui/button.tsx";
import { Dialog } from "../../../ui/dialog.tsx";
import { SelectField, TextField } from "../../../ui/fields.tsx";
import { FieldProblems } from "../../../ui/problem.tsx";
import { tagsOf } from "./bulk.ts";
import { FollowEnrolment } from "./follow-enrolment.tsx";
import styles from "./list.module.css";

export type Invitation = AnswerOf<typeof nodeRoutes.inviteNode> & { name: string };

/** Invites a machine: a name first, then the token that is shown once, and its way until it is confirmed. */
export function EnrollDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [tags, setTags] = useState("");
  const [doorbell, setDoorbell] = useState<"pull" | "ssm">("pull");
  const [invitation, setInvitation] = useState<Invitation>();
  const invite = useChange(nodeRoutes.inviteNode, { quiet: true, refreshes: [] });
  const nameProblem =
    name === "" || nameIsValid(name) ? undefined : "Lower-case letters, digits and hyphens, as in nas-1";
  const wrongTag = tagsOf(tags).find((tag) => !tagSchema.safeParse(tag).success);
  const isValid = name !== "" && nameProblem === undefined && wrongTag === undefined;
  const submit = async () => {
    if (!isValid) return;
    const answer = await invite.run({ body: { kind: "appliance", name, tags: tagsOf(tags), doorbell } });
    if (answer !== undefined) setInvitation({ ...answer, name });
  };
  return (
    <Dialog
      open
      wide={invitation !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={invitation === undefined ? "Add an appliance" : `${visible(invitation.name)} may enrol`}
      actions={
        invitation === undefined ? (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" form="enroll" tone="primary" busy={invite.isRunning} disabled={!isValid}>
              Make a token
            </Button>
          </>
        ) : (
          <Button onClick={onClose}>Done</Button>
        )
      }
    >
      {invitation === undefined ? (
        <form
          id="enroll"
          className={styles["form"]}
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <TextField
            label="Name"
            value={name}
            onChange={setName}
            placeholder="nas-1"
            autoFocus
            required
            maxLength={63}
            error={nameProblem}
          />
          <TextField
            label="Tags"
            required={false}
            value={tags}
            onChange={setTags}
            placeholder="site:berlin ring:canary"
            mono
            hint="What it is found by: key:value, several by spaces"
            error={wrongTag === undefined ? undefined : `${visible(wrongTag)} must look like site:berlin`}
          />
          <SelectField
            label="How it is called when there is work"
            value={doorbell}
            onChange={setDoorbell}
            options={[
              { value: "pull", label: "It asks with each heartbeat (pull)" },
              { value: "ssm", label: "At once, through AWS Systems Manager (ssm)" },
            ]}
          />
          <FieldProblems error={invite.error} />
        </form>
      ) : (
        <FollowEnrolment invitation={invitation} />
      )}
    </Dialog>
  );
}

function nameIsValid(name: string): boolean {
  return nodeNameSchema.safeParse(name).success;
}
