import { secretMark, secretReferencePattern } from "@steward/contracts/secret-reference";
import { z } from "zod";

/**
 * Shapes of values that several actions share. All are anchored patterns over a small alphabet: nothing that a shell,
 * Jinja, YAML, smb.conf or dnsmasq would read as syntax can be written with them. What must never be named is in the
 * pattern itself (a look-ahead), so that the JSON Schema of a release refuses it on the appliance too.
 */

const reservedUsers = [
  // Debian's base accounts and those of the services that the catalogue manages.
  "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody messagebus sshd",
  "dnsmasq sambashare ntp chrony postfix dovecot dovenull vmail avahi polkitd postgres mysql redis steward",
  // Groups that give power: a user of that name would get its private group.
  "sudo adm admin wheel disk shadow docker lxd kvm staff operator nogroup",
  // Words that mean many people, or nobody in particular.
  "all any anyone everyone everybody user users guest me somebody someone",
].flatMap(words);

const userBody = "[a-z][a-z0-9_-]{0,30}";
/** A person's account. Reserved and system accounts (`root`, `daemon`, `systemd-*`) are refused. */
export const username = z
  .string()
  .regex(
    new RegExp(`^(?!(?:${reservedUsers.join("|")}|systemd-.*)$)${userBody}$`),
    "must be a person's account: lower-case letters, digits, - and _, up to 31 characters, not a system account",
  );

/** A group that exists on the appliance. */
export const groupName = z
  .string()
  .regex(
    new RegExp(`^(?!root$)${userBody}$`),
    "must be a group's name: lower-case letters, digits, - and _, up to 31 characters, not root",
  );

/** Groups whose members can become root or read everything. */
export const powerfulGroups: readonly string[] = [
  "sudo wheel admin adm disk shadow docker lxd libvirt kvm staff systemd-journal",
  "backup operator tty kmem mem sys daemon bin netdev root",
].flatMap(words);

/** Groups whose members may use devices or shared files, and no more. Of any other, nobody here knows what it opens. */
export const harmlessGroups: readonly string[] = words(
  "users media sambashare audio video cdrom games scanner plugdev lp",
);

const base64 = "[A-Za-z0-9+/]";
/** One OpenSSH public key, optionally with a short comment. The blob has to begin with the type that is named. */
export const sshKey = z
  .string()
  .max(1600)
  .regex(
    new RegExp(
      `^(?:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${base64}{43}` +
        `|ssh-rsa AAAAB3NzaC1yc2EA${base64}{200,1400}={0,2}` +
        `|ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY${base64}{80,160}={0,2}` +
        `|ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQ${base64}{100,200}={0,2}` +
        `|ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjE${base64}{140,260}={0,2})` +
        "(?: [A-Za-z0-9][A-Za-z0-9._@-]{0,63})?$",
    ),
    "must be one OpenSSH public key (ssh-ed25519, ssh-rsa of 2048 bits or more, or ecdsa)",
  );

/** A Samba share's name. Names with a meaning in smb.conf are refused. */
export const shareName = z
  .string()
  .regex(
    new RegExp(`^(?!(?:global|homes|printers|print|ipc|admin|netlogon|sysvol|profiles)$)${userBody}$`),
    "must be a share's name: lower-case letters, digits, - and _, up to 31 characters, not one that Samba reserves",
  );

/** Directories that belong to the system. Nothing in them is ever shared. */
const systemDirectories = words(
  "bin boot dev etc lib lib32 lib64 libx32 lost\\+found proc root run sbin snap sys tmp usr var",
);
/**
 * An absolute path below a directory that is not the system's. A segment begins with a letter or digit, so neither
 * `..` nor hidden directories can be named.
 */
export const dataPath = z
  .string()
  .max(200)
  .regex(
    new RegExp(
      `^/(?!(?:${systemDirectories.join("|")})(?:/|$))[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*$`,
    ),
    "must be an absolute path outside the system's directories, such as /srv/samba/photos, without .. or spaces",
  );

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
/** A domain of two or more labels: `home.example`. The last label is not all digits, so an address is not a domain. */
export const domainName = z
  .string()
  .max(253)
  .regex(
    new RegExp(`^(?:${label}\\.)+(?![0-9]+$)${label}$`),
    "must be a domain name such as home.example, in lower case and without a dot at the end",
  );

/** A host name, alone (`nas`) or with its domain (`nas.home.example`). Not `localhost`, not an address. */
export const hostName = z
  .string()
  .max(253)
  .regex(
    new RegExp(`^(?!localhost(?:\\.|$))(?:${label}\\.)*(?![0-9]+$)${label}$`),
    "must be a host name such as nas or nas.home.example, in lower case",
  );

const octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
export const ipv4Pattern = new RegExp(`^${octet}(?:\\.${octet}){3}$`);

const localPart = "[a-z0-9](?:[a-z0-9_-]|[.](?=[a-z0-9_-])){0,62}";
/**
 * A mail address in lower case. Short enough to be a file's name together with another one. No `+`: what follows it is a
 * detail that the owner of the mailbox makes up.
 */
export const mailAddress = z
  .string()
  .max(120)
  .regex(
    new RegExp(`^${localPart}@(?:${label}\\.)+(?![0-9]+$)${label}$`),
    "must be a mail address such as john@home.example, in lower case",
  );

/** An address, or the part before the @ where the domain is clear: `info`. */
export const mailAlias = z
  .string()
  .max(120)
  .regex(
    new RegExp(`^${localPart}(?:@(?:${label}\\.)+(?![0-9]+$)${label})?$`),
    "must be a mail address such as info@home.example, or the part before the @, in lower case",
  );

/**
 * Who gets the mail of these speaks for the machine or the domain: warnings of root, complaints, and the letters by which
 * authorities make certificates out to whoever reads them.
 */
export const powerfulMailNames: readonly string[] = words(
  "root postmaster abuse hostmaster webmaster admin administrator security noc mailer-daemon ssladmin sysadmin",
);

/** A service as the init system knows it: `dnsmasq`, `smbd`, `postfix`. */
export const serviceName = z
  .string()
  .regex(
    /^(?!steward)[a-z][a-z0-9_-]{0,47}(?:@[a-z0-9_-]{1,32})?$/,
    "must be a service's name such as dnsmasq or smbd; Steward's own services are not restarted this way",
  );

/**
 * A secret of the tenant's, by its name: `secret:wifi-key`, or one version of it, `secret:wifi-key@3`. The agent fetches the value
 * for the step. The playbook finds it below the variable's name in `secrets`; in `values` stands the reference.
 */
export const secretReference = z
  .string()
  .regex(secretReferencePattern, "must name a secret, such as secret:wifi-key; a value never stands in a request")
  .meta({ [secretMark]: true });

/** A unit of the init system, whose journal is read: `smbd`, `ssh.service`, `apt-daily.timer`. */
export const unitName = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,47}(?:@[a-z0-9_-]{1,32})?(?:\.(?:service|timer|socket))?$/,
    "must be a service's name such as smbd, or a unit's such as apt-daily.timer",
  );

export const portNumber = z.int().min(1).max(65_535);

/** One address or network, not all of them. Whether an IPv6 address is one, nft says on the appliance before it counts. */
export const networkSource = z
  .string()
  .max(43)
  .regex(
    new RegExp(
      `^(?:${octet}(?:\\.${octet}){3}(?:/(?:3[0-2]|[12][0-9]|[89]))?|(?=[0-9a-f:]*:[0-9a-f:]*:)[0-9a-f][0-9a-f:]{1,38}(?:/(?:12[0-8]|1[01][0-9]|[1-9][0-9]|[89]))?)$`,
    ),
    "must be an address or a network such as 192.168.1.0/24 or fd00::/64",
  );

function words(line: string): string[] {
  return line.split(" ");
}
