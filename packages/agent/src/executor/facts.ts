import type { Facts } from "@steward/contracts/actions";
import { factsSchema } from "@steward/contracts/facts";

/**
 * Prints what an appliance says of itself, one `key value` a line. Plain shell and files, no Ansible: it is asked
 * after every run and has to take milliseconds. The markers of the set-ups are written by the playbooks.
 */
export const factsScript = `
set -u
printf 'hostname %s\\n' "$(hostname)"
getent passwd | awk -F: '$3 >= 1000 && $3 < 60000 { print "user " $1 }'
getent group | awk -F: '($3 >= 1000 && $3 < 60000) || $1 ~ /^(sudo|adm|users|audio|video|plugdev|sambashare|docker|www-data)$/ { print "group " $1 }'
for file in /etc/samba/steward.d/*.conf; do
  [ -e "$file" ] || continue; name=\${file##*/}; printf 'share %s\\n' "\${name%.conf}"
done
for file in /etc/init.d/*; do
  [ -x "$file" ] || continue; printf 'service %s\\n' "\${file##*/}"
done
if [ -d /run/systemd/system ]; then
  systemctl list-unit-files --type=service --state=enabled,generated --no-legend --plain 2>/dev/null |
    awk '{ sub(/\\.service$/, "", $1); print "service " $1 }'
fi
if [ -e /etc/dnsmasq.d/steward.conf ]; then
  sed -n 's/^domain=/domain /p' /etc/dnsmasq.d/steward.conf
  echo setup dns.server.setup
fi
if [ -s /etc/postfix/steward/domains ]; then
  sed -n 's/^\\([a-z0-9.-]*\\) .*/maildomain \\1/p' /etc/postfix/steward/domains
  for file in /etc/dovecot/steward/mailboxes/*@*; do
    [ -e "$file" ] || continue; printf 'mailbox %s\\n' "\${file##*/}"
  done
  echo setup mail.server.setup
fi
[ ! -e /etc/samba/steward.conf ] || echo setup samba.server.setup
[ ! -e /etc/ssl/steward/ca.crt ] || echo setup pki.ca.setup
for file in /etc/ssl/steward/hosts/*/cert.pem; do
  [ -e "$file" ] || continue
  end=$(openssl x509 -noout -enddate -in "$file" 2>/dev/null) || continue
  host=\${file%/cert.pem}
  printf 'certificate %s %s\\n' "\${host##*/}" "$(date -u -d "\${end#*=}" +%F)"
done
. /etc/os-release
printf 'version os %s\\n' "$PRETTY_NAME"
printf 'version kernel %s\\n' "$(uname -r)"
dpkg-query -W -f '\${db:Status-Abbrev}\${Package} \${Version}\\n' ansible-core samba dnsmasq postfix dovecot-core python3 2>/dev/null |
  sed -n 's/^ii */version /p'
`;

const lists = {
  user: "users",
  group: "groups",
  share: "shares",
  service: "services",
  domain: "domains",
  maildomain: "mailDomains",
  mailbox: "mailboxes",
  setup: "setups",
} as const;

/** In characters; other names have 64. */
const longest: Partial<Record<keyof Facts, number>> = { domains: 253, mailDomains: 253, mailboxes: 254 };

/** Reads what `factsScript` printed. Names that are too long, and lists past their limit, are cut: they are data. */
export function parseFacts(text: string): Facts {
  const facts: Facts = {};
  const sets = new Map<(typeof lists)[keyof typeof lists], Set<string>>();
  for (const list of Object.values(lists)) sets.set(list, new Set());
  const versions: Record<string, string> = {};
  const certificates: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, key, value] = /^([a-z]+) (.+)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    if (key === "hostname") facts.hostname = cut(value, 253);
    else if (key === "version") {
      const [, name, version] = /^(\S+) (.+)$/.exec(value) ?? [];
      if (name !== undefined && version !== undefined) versions[cut(name, 64)] = cut(version, 64);
    } else if (key === "certificate") {
      const [, host, end] = /^([a-z0-9.-]{1,253}) (\d{4}-\d{2}-\d{2})$/.exec(value) ?? [];
      if (host !== undefined && end !== undefined && Object.keys(certificates).length < 1000) certificates[host] = end;
    } else if (key in lists) {
      const list = lists[key as keyof typeof lists];
      sets.get(list)?.add(cut(value, longest[list] ?? 64));
    }
  }
  for (const [list, values] of sets) facts[list] = [...values].sort().slice(0, list === "setups" ? 100 : 1000);
  // An appliance without certificates says what it has always said.
  const told = Object.keys(certificates).length === 0 ? {} : { certificates };
  return factsSchema.parse({ ...facts, versions, ...told });
}

/** Not through the middle of a character: half of one is nothing that could be stored or hashed. */
function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}
