/**
 * What `GET /actions` adds to a variable's JSON Schema for whoever makes a form of it, besides its `description` (the
 * question that it answers). Neither is in a release: an appliance holds values to the schema alone.
 */

/** What its pattern wants, in the catalogue's own words: "must be a share's name: …". */
export const ruleKey = "x-rule";
/** Which facts of an appliance hold what is there of its kind: `users`, `shares`. */
export const choicesKey = "x-choices-from";
