import type { Variables } from "@steward/contracts/actions";
import { z } from "zod";
import { defineAction } from "../define-action.ts";
import { dataPath, shareName, username } from "../variables.ts";

export const sambaServerSetup = defineAction({
  id: "samba.server.setup",
  title: "Set up the file server",
  kind: "state",
  playbook: "samba_server_setup",
  variables: z.strictObject({
    workgroup: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,13}[A-Za-z0-9])?$/, "must be up to 15 letters, digits and - in between")
      .optional(),
  }),
  hints: { workgroup: { question: "Which Windows workgroup is the file server in?" } },
  risk: { base: "medium", rules: [] },
  examples: [
    "set up samba",
    "set up the file server",
    "install a samba server",
    "set up a file server in the workgroup {workgroup}",
    "make this box a windows file server",
    "configure samba with workgroup {workgroup}",
    "i want a nas for our windows machines",
  ],
  words: ["smb", "cifs", "nas", "fileserver", "windows", "network", "storage", "install", "enable", "share", "files"],
  defaults: (_facts, variables): Variables => (variables["workgroup"] === undefined ? { workgroup: "WORKGROUP" } : {}),
  undo: "recorded",
  timeoutSeconds: 600,
});

export const sambaShareAdd = defineAction({
  id: "samba.share.add",
  title: "Add a file share",
  kind: "state",
  playbook: "samba_share_add",
  variables: z.strictObject({
    share: shareName,
    path: dataPath.optional(),
    users: z.array(username).min(1).max(50).optional(),
    readOnly: z.boolean().optional(),
  }),
  hints: {
    share: { question: "What should the share be called?" },
    path: { question: "Which directory should be shared?" },
    users: { question: "Who may use the share?", choicesFrom: "users" },
    readOnly: { question: "May people only read?" },
  },
  // `/srv/samba` is where shares belong. Other data directories are somebody's decision already; homes, whole disks
  // and whatever is not known as data would show what nobody meant to show.
  risk: {
    base: "low",
    rules: [
      {
        variable: "path",
        pattern: "^/(?:(?!srv/samba/[^/])(?:srv|data)/[^/]|(?:mnt|media)/[^/]+/[^/]).*$",
        risk: "medium",
        why: "shares a directory outside /srv/samba",
      },
      {
        variable: "path",
        pattern: "^(?!/(?:srv|data)/[^/]|/(?:mnt|media)/[^/]+/[^/]).*$",
        risk: "high",
        why: "shares homes, a whole disk or a directory that is not known to hold shared data",
      },
    ],
  },
  examples: [
    "add a share called {share}",
    "create a samba share {share}",
    "share {path} as {share}",
    "create a share {share} for {users}",
    "make a network folder {share} at {path}",
    "add a share {share} that {users} can use",
    "give {users} a share",
    "give {users} a share called {share}",
    "set up a shared folder named {share}",
  ],
  words: [
    "smb",
    "cifs",
    "folder",
    "directory",
    "drive",
    "network",
    "files",
    "nas",
    "publish",
    "available",
    "storage",
    "new",
  ],
  requires: ["samba.server.setup"],
  // A share for one person that nobody named is that person's: called like them, where shares belong.
  defaults: (_facts, variables): Variables => {
    const { share, users, path } = variables;
    if (share === undefined) return Array.isArray(users) && users.length === 1 && users[0] ? { share: users[0] } : {};
    return path === undefined && typeof share === "string" ? { path: `/srv/samba/${share}` } : {};
  },
  undo: "recorded",
  timeoutSeconds: 180,
});

export const sambaShareRemove = defineAction({
  id: "samba.share.remove",
  title: "Remove a file share",
  kind: "state",
  playbook: "samba_share_remove",
  variables: z.strictObject({ share: shareName }),
  hints: { share: { question: "Which share should be removed?", choicesFrom: "shares" } },
  // The files stay where they are. Still, who works on them is cut off.
  risk: { base: "medium", rules: [] },
  examples: [
    "remove the share {share}",
    "delete the samba share {share}",
    "remove the network share {share}",
    "stop sharing {share}",
    "unshare {share}",
    "take the share {share} down",
    "drop the windows share {share}",
  ],
  // Nothing about folders, directories or files: who wants those deleted wants something else.
  words: ["smb", "cifs", "network", "unpublish", "withdraw", "longer", "unshare"],
  requires: ["samba.server.setup"],
  undo: "recorded",
  timeoutSeconds: 180,
});

export const sambaPasswordReset = defineAction({
  id: "samba.password.reset",
  title: "Give a user a new password for the file server",
  kind: "command",
  playbook: "samba_password_reset",
  variables: z.strictObject({ username }),
  hints: { username: { question: "Whose password for the file server?", choicesFrom: "users" } },
  // The undo brings the former password back. Until then its owner, or whoever keeps it in a laptop, is locked out.
  risk: { base: "medium", rules: [] },
  examples: [
    "reset the samba password of {username}",
    "reset {username}'s samba password",
    "give {username} a new samba password",
    "make a new samba password for {username}",
    "reset the password of {username} for the file server",
    "reset the file server password of {username}",
    "change the samba password of {username}",
    "{username} forgot his samba password",
    "{username} forgot her samba password",
    "set a samba password for {username}",
  ],
  words: ["smb", "cifs", "nas", "share", "fileserver", "forgotten", "forgot", "smbpasswd", "network", "drive"],
  requires: ["samba.server.setup"],
  undo: "recorded",
  generates: ["password"],
  timeoutSeconds: 120,
});
