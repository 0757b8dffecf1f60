import { secretRoutes } from "@steward/contracts/routes/secrets";
import { parseSecretReference } from "@steward/contracts/secret-reference";
import { useApi } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { TextField } from "../ui/fields.tsx";

export interface SecretFieldProps {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  required?: boolean;
  value: string;
  onChange: (value: string) => void;
}

/** Which secret is meant, never what it is. Those of the tenant are offered where their names may be seen. */
export function SecretField({ value, onChange, hint, ...common }: SecretFieldProps) {
  const { may } = useMe();
  const secrets = useApi(secretRoutes.listTenantSecrets, {}, { every: "once", enabled: may("operator") });
  const names = (secrets.data?.items ?? []).map(({ name }) => name);
  const about = "The name of a secret of your tenant; its value stays where it is. An admin sets them under Secrets.";
  return (
    <TextField
      {...common}
      hint={hint === undefined ? about : `${hint} ${about}`}
      value={parseSecretReference(value)?.name ?? value}
      onChange={onChange}
      list={names}
      placeholder="wifi-key"
      mono
    />
  );
}
