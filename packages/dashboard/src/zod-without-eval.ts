import { config } from "zod";

// Imported before any schema is made: zod would try whether it may compile code, which the page's rules refuse aloud.
config({ jitless: true });
