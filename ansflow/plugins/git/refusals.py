"""What git says when it fails, as one sentence that names the cause and the way out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansflow.core.errors import ExternalError
from ansflow.plugins.git.address import Address

Row = tuple[str, str, str, bool]

# Pattern, code, sentence, permanent. {where} is the address, {credential} a phrase, {0} the first group that matched.
ROWS: Sequence[Row] = (
    (r"REMOTE HOST IDENTIFICATION HAS CHANGED", "host_key_changed",
     "{host} shows another host key than the one that is trusted: it was set up anew, or somebody stands in between. "
     "Compare the keys, then mend known_hosts.", True),
    (r"Host key verification failed|No \S+ host key is known", "host_key_unknown",
     "The host key of {host} is not known here, so it is not trusted. Look at it with `ssh-keyscan {host_name}`, "
     "compare it with what its owner publishes, and write it into `known_hosts`.", True),
    (r"Permission denied \(", "refused", "{host} refused the login over ssh{credential}.", True),
    (r"Load key .*: (.*)", "refused", "The key{credential} cannot be used: {0}.", True),
    (r"Authentication failed|HTTP Basic: Access denied|returned error: 40[13]", "refused",
     "{host} refused the login{credential}.", True),
    (r"could not read (Username|Password)|unable to read askpass|terminal prompts disabled", "login_wanted",
     "{host} asks for a login{credential_hint}.", True),
    (r"Could not resolve (?:host|hostname)", "unreachable",
     "{host} has no address: its name could not be resolved. "
     "In the sandbox a step needs `network: open` for that.", False),
    (r"(Connection refused|Connection timed out|Network is unreachable|No route to host|Connection reset by peer|"
     r"Operation timed out|Couldn't connect to server|Operation too slow)", "unreachable",
     "{host} could not be reached: {0}.", False),
    (r"SSL certificate problem: (.*)|(server certificate verification failed.*)", "bad_certificate",
     "The TLS certificate of {host} is not trusted here: {0}.", True),
    (r"returned error: (5\d\d)", "unreachable", "{host} answered with an error of its own ({0}).", False),
    (r"transport '(\w+)' not allowed", "transport_refused",
     "A submodule, or a redirect, wants to be fetched over {0!r}, which is not allowed.", True),
    (r"disallowed submodule (?:name|url|path): (.*)|(suspicious submodule.*)|(gitmodules\w+.*)", "hostile",
     "The repository's .gitmodules is refused by Git: {0}.", True),
    (r"fsck error in packed object|(?:error|fatal): (.*fsck.*)|object \w+: (\w+: .*)", "hostile",
     "The repository holds an object that Git refuses: {0}.", True),
    (r"[Rr]epository (?:'.*' )?not found|does not appear to be a git repository|does not exist|"
     r"access denied or repository not exported|returned error: 404|project you were looking for could not be found|"
     r"not a git repository",
     "not_found",
     "There is no repository at {where}, or it may not be read{credential_hint}.", True),
    (r"No space left on device|Disk quota exceeded", "disk_full",
     "The disk is full: the checkout is not complete.", False),
    (r"Could not read from remote repository|The remote end hung up|early EOF|unexpected disconnect|RPC failed",
     "unreachable", "The connection to {host} broke off.", False),
)  # fmt: skip


def explain(said: str, action: str, address: Address, credential: str) -> ExternalError:
    values = {
        "where": address.text,
        "host": address.host or "this machine",
        "host_name": address.host.partition(":")[0] or "HOST",
        "credential": f" with the credential {credential!r}" if credential else ", and no credential was named",
        "credential_hint": "" if credential else "; name a secret with `credential` to log in",
    }
    for pattern, code, sentence, permanent in ROWS:
        if match := re.search(pattern, said):
            first = next((group for group in match.groups() if group), "")
            return ExternalError(sentence.format(first.strip().rstrip("."), **values), permanent=permanent, code=code)
    last = _last_words(said)
    return ExternalError(f"git {action} failed: {last or 'it did not say why'}.", permanent=True, code="git_failed")


def _last_words(said: str) -> str:
    """The first complaint: what follows is usually about its consequences."""
    complaints = re.findall(r"^(?:fatal|error|remote: fatal|remote: error): (.+)$", said, re.MULTILINE)
    return complaints[0].strip().rstrip(".") if complaints else ""
