"""The text for OpenSSH: nobody can add a line to it. (That sshd obeys it: tests/acceptance/test_sftp_tools.py.)"""

from pathlib import Path

import pytest

from broker.edge.sftp.hostkey import generate as generate_key
from broker.edge.sftp.hostkey import public_line
from broker.edge.sftp.sshd_config import SystemUser, authorized_keys, generate, system_user

HOME, KEYS = Path("/srv/satchel"), Path("/etc/satchel/keys")


def test_every_lea_is_locked_in() -> None:
    text = generate(HOME, [system_user("6G"), system_user("01")], KEYS, 2200, "127.0.0.1")
    assert text.count("ChrootDirectory") == 3  # and one in the first lines
    assert 'Match User lea-01\n    ChrootDirectory "/srv/satchel/leas/01"' in text
    assert "AllowUsers lea-01 lea-6g\n" in text
    assert text.index("ForceCommand internal-sftp") < text.index("Match User")


def test_strangers_have_places_by_where_they_come_from() -> None:
    text = generate(HOME, [system_user("01")], KEYS)
    assert "\nPerSourceMaxStartups 24\nPerSourceNetBlockSize 32:64\n" in text


def test_algorithms_are_those_of_the_built_in_server_as_far_as_openssh_has_them() -> None:
    usual, strict = (generate(HOME, [system_user("01")], KEYS, post_quantum_only=one) for one in (False, True))
    assert "KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org\n" in usual
    assert "KexAlgorithms sntrup761x25519-sha512@openssh.com\n" in strict
    for text in (usual, strict):
        assert "nistp" not in text.partition("HostKeyAlgorithms")[0]
        assert "hmac-sha2-256," not in text


@pytest.mark.parametrize(
    "users",
    [
        [SystemUser("01", "a b")],
        [SystemUser("01", "x\nPermitRootLogin yes")],
        [SystemUser("../etc", "x")],
        [SystemUser("ab", "x"), SystemUser("AB", "x")],
        [],
    ],
)
def test_names_cannot_add_lines(users: list[SystemUser]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        generate(HOME, users, KEYS)


@pytest.mark.parametrize("path", [Path("relative"), Path('/a"b'), Path("/a\nb"), Path("/a\\b")])
def test_paths_cannot_add_lines(path: Path) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        generate(path, [system_user("01")], KEYS)


def test_tokens_are_escaped() -> None:
    assert '"/srv/100%%/leas/01"' in generate(Path("/srv/100%"), [system_user("01")], KEYS)


def test_keys_are_restricted() -> None:
    line = public_line(generate_key())
    assert authorized_keys([f"{line} somebody@example"]) == f"restrict {line}\n"
    for wrong in (f'command="x" {line}', "ssh-ed25519 AAAA", "ssh-dss AAAA", ""):
        with pytest.raises(ValueError, match="key"):
            authorized_keys([wrong])
