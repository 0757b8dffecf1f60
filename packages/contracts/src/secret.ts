import { z } from "zod";
import { secretNames } from "./names.ts";

export const secretNameSchema = z.enum(secretNames);

export const maxSecretCharacters = 4_096;

export const setSecretSchema = z.strictObject({
  /** Without blanks at its ends: nobody means those, and everybody pastes them. */
  value: z.string().trim().min(1).max(maxSecretCharacters),
  /** Names this value, so that the same call again is the same version. */
  version: z.uuid().optional(),
});

/** What may be known of a secret. */
export const secretViewSchema = z.strictObject({
  name: secretNameSchema,
  about: z.string(),
  /** Who makes a new value. */
  madeBy: z.enum(["steward", "person"]),
  isSet: z.boolean(),
  /** Of the values that are kept, newest first: in force, the one before, one that is being made. */
  versions: z.array(
    z.strictObject({
      id: z.string(),
      state: z.enum(["current", "previous", "pending"]),
      createdAt: z.iso.datetime(),
    }),
  ),
  changedAt: z.iso.datetime().optional(),
  rotatedAt: z.iso.datetime().optional(),
  nextRotationAt: z.iso.datetime().optional(),
  /** It is older than it should become. */
  overdue: z.boolean(),
});
export type SecretView = z.infer<typeof secretViewSchema>;
