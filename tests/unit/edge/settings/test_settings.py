"""`satchel.toml`: every limit with its unit, and a sentence for every mistake."""

from pathlib import Path

import pytest

from broker.edge.settings.file import load, render
from broker.edge.settings.values import Settings, SettingsError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "satchel.toml").write_text(render("Our exchange"))
    return tmp_path


def test_what_is_written_is_what_is_read_and_is_the_defaults(home: Path) -> None:
    assert load(home) == Settings(home=home.resolve(), name="Our exchange")


def test_every_setting_is_explained(home: Path) -> None:
    lines = (home / "satchel.toml").read_text().splitlines()
    assert not [line for line in lines[2:] if " = " in line and " # " not in line]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[limits]\nsealed_bites = 1", "limits.sealed_bites is not a setting"),
        ("[limits]\nsealed_bytes = 'x'", "limits.sealed_bytes must be a whole number from 1024 to"),
        ("[limits]\nsealed_bytes = true", "limits.sealed_bytes must be a whole number from 1024 to"),
        ("[limits]\nsealed_bytes = 1", "limits.sealed_bytes must be at least 1024"),
        ("[limit]\n", "[limit] is not a section"),
        ("limits = 3", "limits must be a table"),
        ("[", "cannot be read"),
        ("name = ''", "name must be a text"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_it(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "satchel.toml").write_text(text)
    with pytest.raises(SettingsError) as error:
        load(tmp_path)
    assert says in str(error.value)
    assert str(error.value).startswith(str(tmp_path))


def test_a_whole_number_will_do_for_seconds(home: Path) -> None:
    (home / "satchel.toml").write_text("[intake]\nsettle_seconds = 2")
    assert load(home).intake.settle_seconds == 2.0


def test_a_mark_that_an_editor_puts_before_the_text_is_none_of_it(home: Path) -> None:
    (home / "satchel.toml").write_text("\ufeff[intake]\nsettle_seconds = 2")
    assert load(home).intake.settle_seconds == 2.0


def test_a_folder_without_settings_is_no_home(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="satchel init"):
        load(tmp_path)
