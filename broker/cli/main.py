"""`satchel`: the command line (DESIGN section 9, a public interface).

Owns the command tree and the last line of defence: no traceback reaches a user, and no other program of the same user
can read a command's memory. Promises: only the module of the present command is loaded, because a secretary's `seal`
needs no database and should not wait for one; help loads none.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer

from broker.cli.catalog import COMMANDS, GROUPS
from broker.core.errors import NotDone
from broker.edge.bounded import privilege
from broker.terminal import endings

_HELP = "Satchel: a secure exchange of student records between school districts and charter schools."
_EXIT_CODES = (
    "Every command ends with 0 when all is done, with 1 when it failed, and with 2 when it was given wrongly; with 130"
    " after Ctrl-C. `status` ends with 3 when the exchange is not running, and with 4 when something needs a person;"
    " `fetch` with 5 when a receipt refuses what you sent."
)


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command tree for these arguments. A command is loaded if all words of its name are among them, because
    without them it cannot run; for every other command the tree has its name and its sentence."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=_HELP,
        epilog=_EXIT_CODES,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_satchel)
    groups = {name: _group(name, arguments) for name in GROUPS}
    for path, entry in COMMANDS.items():
        if path in groups:
            continue
        group, _, name = path.rpartition(" ")
        parent, own = groups[group] if group else app, _is_named(path, arguments)
        says = None if own else entry.says  # a loaded command has its own help
        parent.command(name, help=says, short_help=entry.says, rich_help_panel=entry.panel or None)(
            load(path) if own else _unloaded
        )
    for name, group_app in groups.items():
        app.add_typer(group_app, name=name, rich_help_panel=GROUPS[name].panel)
    return app


def _version(is_asked: bool) -> None:
    if is_asked:
        sys.stdout.write(f"satchel {version('satchel')}\n")
        raise typer.Exit


def _satchel(
    is_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """Runs before every command; it also keeps the name of a single command, which Typer would make the whole
    program."""


def _group(name: str, arguments: Sequence[str]) -> typer.Typer:
    """A group of commands; one that is a command itself runs without a further word."""
    alone = name in COMMANDS
    made = typer.Typer(no_args_is_help=not alone, invoke_without_command=alone, help=GROUPS[name].says)
    made.callback()(load(name) if alone and _stands_alone(name, arguments) else _nothing)
    return made


def load(path: str) -> Callable[..., Any]:
    """The function of the command with this name."""
    module, _, function = COMMANDS[path].where.partition(":")
    command: Callable[..., Any] = getattr(import_module(f"broker.{module}"), function)
    return command


def _is_named(path: str, arguments: Sequence[str]) -> bool:
    return set(path.split()) <= set(arguments)


def _stands_alone(group: str, arguments: Sequence[str]) -> bool:
    """Whether the group's word comes without one of its commands after it."""
    if group not in arguments:
        return False
    place = arguments.index(group) + 1
    return " ".join((group, *arguments[place : place + 1])) not in COMMANDS.keys() - {group}


def _nothing() -> None:
    """What a group does before its command: nothing."""


def _unloaded() -> NoReturn:
    """Stands for a command whose words were not given."""
    raise AssertionError("a command is run by its words, and these were not given")


def main() -> None:
    """Entry point: runs a command and turns an unhandled error into one sentence."""
    privilege.hide_memory()  # it may contain keys, passphrases or a record
    arguments = sys.argv[1:]
    try:
        endings.open_output()
        if said := endings.no_text(arguments, os.environ):
            sys.stderr.write(f"{said}\n")
            sys.exit(2)
        build(arguments)()
    except BrokenPipeError:
        endings.give_up_output()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(endings.INTERRUPTED)
    except NotDone as error:
        from broker.cli import refusals

        _end(refusals.sentence(error), refusals.exit_code(error))
    except Exception as error:  # noqa: BLE001  the last line of defence
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    if _is_of_output():
        endings.give_up_output()
    said = _of_database(error) or endings.sentence(error)
    if os.environ.get("SATCHEL_DEBUG") == "1":
        sys.stderr.write(f"{said}\n")
        raise error
    _end(said)


def _of_database(error: Exception) -> str | None:
    """The sentence about a database that does not answer; a command without a database does not load this code."""
    if type(error).__module__ != "sqlalchemy.exc":
        return None
    from broker.offline import said_of

    return said_of(error)


def _end(sentence: str, code: int = 1) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    sys.exit(code)


def _is_of_output() -> bool:
    """Whether the printed output cannot be written: the process would try again at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False


if __name__ == "__main__":
    main()
