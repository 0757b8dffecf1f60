import { endWithParent } from "./child.ts";

/** Preloaded (`--import`) into the programs of other packages that the supervisor starts. */
endWithParent();
