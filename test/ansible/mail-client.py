"""What people and other servers do to a mail server. Prints one line for each."""
import imaplib
import smtplib
import socket
import ssl
import sys
import time

name = "mail.home.example"
trust = ssl.create_default_context(cafile=f"/etc/dovecot/private/steward-{name}.crt")


def outcome(action):
    try:
        return action()
    except smtplib.SMTPRecipientsRefused as refused:
        [(code, text)] = refused.recipients.values()
        return f"{code} {text.decode()}"
    except smtplib.SMTPResponseException as refused:
        return f"{refused.smtp_code} {refused.smtp_error.decode()}"
    except imaplib.IMAP4.error as refused:
        return f"refused: {refused}"


def send(to, subject, kilobytes=1):
    """As a server elsewhere: from an address that is not the loopback's."""
    line = "x" * 62 + "\r\n"
    text = f"From: ann@elsewhere.example\r\nTo: {to}\r\nSubject: {subject}\r\n\r\n" + line * (16 * int(kilobytes))

    def action():
        with smtplib.SMTP("192.0.2.1", 25, local_hostname="elsewhere.example") as server:
            server.sendmail("ann@elsewhere.example", [to], text)
        return "taken"

    return outcome(action)


def read(user, password, subject=""):
    """Signs in by IMAP; waits for a message of that subject, if one is named. Answers all subjects."""

    def action():
        with imaplib.IMAP4_SSL(name, 993, ssl_context=trust) as box:
            box.login(user, password)
            until = time.monotonic() + 20
            while True:
                box.select("INBOX", readonly=True)
                _, [found] = box.search(None, "ALL")
                subjects = []
                for number in found.split():
                    _, [(_, header), _] = box.fetch(number, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
                    subjects.append(header.decode().split(":")[1].strip())
                if subject == "" or subject in subjects:
                    return "read: " + ", ".join(sorted(subjects))
                if time.monotonic() > until:
                    return "waited in vain, read: " + ", ".join(subjects)
                time.sleep(0.05)

    return outcome(action)


class FromElsewhere(imaplib.IMAP4):
    """To Dovecot only another address than its own is another machine."""

    def _create_socket(self, timeout):
        return socket.create_connection((self.host, self.port), timeout, source_address=("192.0.2.2", 0))


def plain(user, password):
    """Signs in by IMAP without TLS."""

    def action():
        with FromElsewhere("192.0.2.1", 143) as box:
            box.login(user, password)
        return "read in the clear"

    return outcome(action)


def submit(user, password, sender, to):
    """As a person's mail program; nothing is sent, only whether it would be."""

    def action():
        with smtplib.SMTP(name, 587) as server:
            server.starttls(context=trust)
            server.ehlo()
            if user:
                server.login(user, password)
            server.mail(sender)
            code, text = server.rcpt(to)
            return f"{code} {text.decode()}"

    return outcome(action)


def offers(port):
    """What a server says that it can do before anybody has asked for TLS."""
    with smtplib.SMTP("192.0.2.1", int(port)) as server:
        server.ehlo()
        return " ".join(sorted(server.esmtp_features))


def ready():
    for port in (25, 587, 993):
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection((name, port), 1).close()
                break
            except OSError:
                if time.monotonic() > until:
                    return f"nothing listens on {port}"
                time.sleep(0.05)
    return "ready"


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    print(globals()[command](*arguments))
