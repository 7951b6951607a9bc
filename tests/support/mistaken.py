"""What secretaries drop by mistake, and what they are told."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.desk import Town
from tests.support.exchange import wait_until


def told(here: Town, files: Mapping[str, bytes], lea: str = "01") -> dict[str, dict[str, Any]]:
    """Drop these files; the receipt that ends each."""
    for name, content in files.items():
        here[lea].drop(name, content)
    found: dict[str, dict[str, Any]] = {}

    def look() -> bool:
        for one in here.exchange.receipts(lea):
            if one["state"] in ("REFUSED", "APPLIED", "DUPLICATE") and one["packet"].get("file") in files:
                found[one["packet"]["file"]] = one
        return len(found) == len(files)

    wait_until(look, lambda: f"no answer to {sorted(set(files) - set(found))}")
    return found


def files_of(made: Mapping[str, bytes], ending: str) -> dict[str, str]:
    """A file name for each of these."""
    return {name: re.sub(r"[^A-Za-z0-9]+", "-", name) + ending for name in made}


def answers(here: Town, made: Mapping[str, bytes], ending: str) -> dict[str, dict[str, Any]]:
    """The answer to each content, as it is, by its name."""
    names = files_of(made, ending)
    found = told(here, {names[name]: content for name, content in made.items()})
    return {name: found[file] for name, file in names.items()}


def sealed(here: Town, made: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: here["01"].seal(content) for name, content in made.items()}


def openpgp_files(here: Town) -> dict[str, tuple[bytes, str]]:
    """What belongs to OpenPGP and is no packet, by real gpg, and the code of each."""
    gpg, own = here["01"].gpg, here["01"].fingerprint
    document = b"The list is in the other file.\n"
    revocation = (gpg.home / "openpgp-revocs.d" / f"{own}.rev").read_bytes()
    bare = revocation.replace(b"\n:-----BEGIN", b"\n-----BEGIN")
    secret = gpg.export_secret(own)
    receipts = here.exchange.folder("01", "receipts")
    some = next(path for path in sorted(receipts.iterdir()) if path.name.endswith(".asc"))
    return {
        "signature": (gpg.run("--detach-sign", stdin=document)[0], "signature-alone"),
        "signature, armored": (gpg.run("--armor", "--detach-sign", stdin=document)[0], "signature-alone"),
        "public key": (gpg.export(own, armor=False), "public-key-sent"),
        "public key, armored": (gpg.export(own), "public-key-sent"),
        "public key with text before it": (b"My key:\n\n" + gpg.export(own), "public-key-sent"),
        "all public keys": ((here.exchange.folder("01", "directory") / "all.asc").read_bytes(), "public-key-sent"),
        "secret key, armored": (secret, "secret-key-sent"),
        "secret key": (gpg.run("--dearmor", stdin=secret)[0], "secret-key-sent"),
        "secret key in a mail": (b"Dear state,\n\n" + secret + b"\nBest\n", "secret-key-sent"),
        "secret key behind the public one": (gpg.export(own) + secret, "secret-key-sent"),
        "revocation, as gpg keeps it": (revocation, "revocation-sent"),
        "revocation": (bare, "revocation-sent"),
        "revocation, binary": (gpg.run("--dearmor", stdin=bare)[0], "revocation-sent"),
        "receipt": (some.read_bytes(), "receipt-sent"),
        "receipt, saved by Windows": (some.read_bytes().replace(b"\n", b"\r\n"), "receipt-sent"),
        "receipt in a mail": (b"Is this right?\n\n" + some.read_bytes() + b"\nRecords\n", "receipt-sent"),
        "signed text": (gpg.run("--clearsign", stdin=document)[0], "not-sealed"),
        "signed": (gpg.run("--sign", stdin=document)[0], "not-sealed"),
        "signed, armored": (gpg.run("--armor", "--sign", stdin=document)[0], "not-sealed"),
        "packed only": (gpg.run("--store", stdin=document)[0], "not-sealed"),
    }


Damage = Callable[[bytes], bytes]
DAMAGED: dict[str, tuple[Damage, str]] = {
    "text before": (lambda text: b"Dear all,\n\n" + text, "Text stands before its first line"),
    "text behind": (lambda text: text + b"\nBest regards\n", "Text stands behind its last line"),
    "a mail's footer": (lambda text: text + b"\n-- \nThis message is confidential.\n" * 40, "Text stands behind"),
    "quoted in a mail": (lambda text: re.sub(rb"(?m)^", b"> ", text), "a > before them"),
    "quoted-printable": (lambda text: text.replace(b"=", b"=3D"), "=3D"),
    "from a web page": (lambda text: text.replace(b"\n", b"<br>\n"), "web page"),
    "long dashes": (lambda text: text.replace(b"-----", "—".encode() * 3), "dashes"),
    "escaped dashes": (lambda text: text.replace(b"-----", b"- -----"), "dashes"),
    "two in one file": (lambda text: text + text, "two sealed documents"),
    "a letter changed": (lambda text: text.replace(b"A", b"!", 1), "that gpg wrote"),
    "UTF-16": (lambda text: text.decode().encode("utf-16"), "UTF-16"),
}
HARMLESS: dict[str, Damage] = {
    "indented": lambda text: re.sub(rb"(?m)^", b"    ", text),
    "indented with tabs": lambda text: re.sub(rb"(?m)^", b"\t", text),
    "only the first line indented": lambda text: b"  " + text,
    "only the last line indented": lambda text: text.replace(b"-----END", b"   -----END"),
    "blanks at the ends of lines": lambda text: text.replace(b"\n", b"  \n"),
    "blank lines around it": lambda text: b"\n\n \n" + text + b"\n \n\n",
    "line ends of Windows": lambda text: text.replace(b"\n", b"\r\n"),
    "a mark": lambda text: b"\xef\xbb\xbf" + text,
    "double-spaced": lambda text: text.replace(b"\n", b"\n\n").replace(b"-----\n\n\n", b"-----\n\n", 1),
}
