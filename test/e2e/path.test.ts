import { describePath } from "../support/describe-path.ts";
import { startInstallation } from "../support/installation.ts";

describePath(() => startInstallation());
