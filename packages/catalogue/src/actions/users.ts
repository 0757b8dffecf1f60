import { z } from "zod";
import { defineAction } from "../define-action.ts";
import { groupName, harmlessGroups, powerfulGroups, sshKey, username } from "../variables.ts";

export const usersAdd = defineAction({
  id: "users.add",
  title: "Add a user",
  kind: "state",
  playbook: "users_add",
  variables: z.strictObject({
    username,
    groups: z.array(groupName).min(1).max(10).optional(),
    sshKey: sshKey.optional(),
  }),
  hints: {
    username: { question: "What should the user be called?" },
    groups: { question: "Which groups should the user be in?", choicesFrom: "groups" },
    sshKey: { question: "Which SSH public key may the user sign in with?" },
  },
  risk: {
    base: "low",
    rules: [
      { variable: "sshKey", risk: "high", why: "lets somebody sign in from outside with a key" },
      {
        variable: "groups",
        pattern: `^(?:${powerfulGroups.join("|")})$`,
        risk: "high",
        why: "gives the rights of an administrator",
      },
      {
        variable: "groups",
        pattern: `^(?!(?:${[...harmlessGroups, ...powerfulGroups].join("|")})$).*$`,
        risk: "high",
        why: "a group whose members' rights are not known to be harmless",
      },
    ],
  },
  examples: [
    "add user {username}",
    "add a user called {username}",
    "create an account for {username}",
    "create user {username} in group {groups}",
    "add user {username} to the groups {groups}",
    "make a new login for {username}",
    "set up an account named {username} with the ssh key {sshKey}",
    "{username} needs an account",
    "please give {username} a login",
  ],
  words: [
    "new",
    "account",
    "login",
    "person",
    "member",
    "register",
    "onboard",
    "join",
    "joining",
    "useradd",
    "adduser",
  ],
  undo: "recorded",
  timeoutSeconds: 120,
});

export const usersRemove = defineAction({
  id: "users.remove",
  title: "Remove a user",
  kind: "state",
  playbook: "users_remove",
  variables: z.strictObject({ username, keepHome: z.boolean().optional() }),
  hints: {
    username: { question: "Which user should be removed?", choicesFrom: "users" },
    keepHome: {
      question: "Should the user's home directory stay where it is?",
      flagWords: ["keep home directory", "leave home directory", "leave home", "keep files", "leave files"],
    },
  },
  // Nothing is deleted: the home is moved aside and comes back with an undo. Still, somebody is locked out at once.
  risk: { base: "medium", rules: [] },
  examples: [
    "remove user {username}",
    "delete the user {username}",
    "delete the account of {username}",
    "remove {username}'s account",
    "{username} has left, remove the account",
    "drop the login of {username}",
    "get rid of user {username}",
  ],
  words: [
    "account",
    "login",
    "left",
    "offboard",
    "erase",
    "revoke",
    "userdel",
    "deluser",
    "gone",
    "quit",
    "kick",
    "off",
  ],
  undo: "recorded",
  timeoutSeconds: 180,
});

export const usersList = defineAction({
  id: "users.list",
  title: "List the users",
  kind: "read",
  playbook: "users_list",
  variables: z.strictObject({}),
  risk: { base: "low", rules: [] },
  examples: [
    "list users",
    "list all users",
    "show the users",
    "who has an account",
    "which users are there",
    "what accounts exist",
    "show me every login",
  ],
  words: ["accounts", "people", "logins", "members", "display", "enumerate", "overview"],
  undo: "none",
  timeoutSeconds: 60,
});

/** Both ways at once: the password is locked, and the account has expired, which keeps out who signs in with a key. */
export const usersLock = defineAction({
  id: "users.lock",
  title: "Lock a user out",
  kind: "state",
  playbook: "users_lock",
  variables: z.strictObject({ username }),
  hints: { username: { question: "Which user should be locked out?", choicesFrom: "users", mustExist: true } },
  risk: { base: "medium", rules: [] },
  examples: [
    "lock user {username}",
    "lock {username}",
    "lock the account of {username}",
    "lock {username}'s account",
    "lock {username} out",
    "disable the login of {username}",
    "block the user {username}",
    "suspend the account of {username}",
  ],
  words: ["account", "login", "deactivate", "suspend", "block", "expire", "deny", "leave", "kick"],
  undo: "recorded",
  timeoutSeconds: 120,
});

/** Whoever lets an administrator in, or opens his new password, can be root: the appliance refuses it where this is not said. */
const administratorRisk = {
  base: "medium" as const,
  rules: [
    {
      variable: "administrator",
      pattern: "^true$",
      risk: "high" as const,
      why: "the account has an administrator's rights",
    },
  ],
};
const administratorHint = { question: "May the account be an administrator's?" };

export const usersUnlock = defineAction({
  id: "users.unlock",
  title: "Let a locked user in again",
  kind: "state",
  playbook: "users_unlock",
  variables: z.strictObject({ username, administrator: z.boolean().optional() }),
  hints: {
    username: { question: "Which user should be unlocked?", choicesFrom: "users", mustExist: true },
    administrator: administratorHint,
  },
  risk: administratorRisk,
  examples: [
    "unlock user {username}",
    "unlock {username}",
    "unlock the account of {username}",
    "unlock {username}'s account",
    "let {username} in again",
    "enable the login of {username}",
    "unblock the user {username}",
  ],
  words: ["account", "login", "reactivate", "unblock", "restore", "allow", "back"],
  undo: "recorded",
  timeoutSeconds: 120,
});

/** The new password is made on the appliance and told to nobody but the one who opens its one-time link. */
export const usersPasswordReset = defineAction({
  id: "users.password.reset",
  title: "Give a user a new password",
  kind: "command",
  playbook: "users_password_reset",
  variables: z.strictObject({ username, administrator: z.boolean().optional() }),
  hints: {
    username: { question: "Who needs a new password?", choicesFrom: "users" },
    administrator: administratorHint,
  },
  risk: administratorRisk,
  examples: [
    "reset the password of {username}",
    "reset {username}'s password",
    "reset the password for user {username}",
    "give {username} a new password",
    "make a new password for {username}",
    "{username} forgot the password",
    "{username} needs a new password",
  ],
  words: ["passwd", "forgotten", "forgot", "lost", "credentials", "login", "change"],
  generates: ["password"],
  undo: "recorded",
  timeoutSeconds: 120,
});
