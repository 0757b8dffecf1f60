/** The one account of the local cloud. */
export const localAccount = "000000000000";
