"""`satchel`: the command line (DESIGN section 9, a public interface).

Owns the command tree and the last line of defence: no traceback reaches a user. Promises: only the module of the
command in hand is loaded, for a secretary's `seal` needs no database and should not wait for one.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

_HELP = "Satchel: a secure exchange of student records between school districts and charter schools."
_GROUPS = {
    "identity": "Who is this student? Compare, match and train.",
    "lea": "The directory of parties.",
    "receipt": "The exchange's signed receipts.",
    "backpack": "The Student Record Store.",
    "student": "Students and their numbers, for the state's operator.",
    "alerts": "What the state must hear of at once: missing children. Alone, it lists them, the unseen first.",
    "calendar": "School days, by which deadlines are counted.",
    "transcript": "Transcripts for universities, on an LEA's own computer.",
    "exception": "Named legal exceptions to the rule that there is no federal party.",
    "review": "Which student was meant: questions to people, and what they decide.",
    "transfers": "Students who move: which records are asked for, sent and overdue. Alone, it lists those not ended.",
}
_ALONE = frozenset({"alerts", "transfers"})  # groups that are a command themselves

COMMANDS = {
    "init": "home:init",
    "lea add": "home:add",
    "lea key": "home:key",
    "lea list": "home:list_leas",
    "up": "up:up",
    "status": "look:status",
    "packets": "look:packets",
    "packet": "look:packet",
    "receipt verify": "receipts:verify",
    "review list": "review:list_",
    "review show": "review:show",
    "review decide": "review:decide",
    "review undo": "review:undo",
    "identity compare": "identity:compare",
    "identity match": "identity_bulk:match",
    "identity train": "identity_train:train",
    "student show": "registry:show",
    "student flag": "flags:flag",
    "student unflag": "flags:unflag",
    "student merge": "registry:merge",
    "student unmerge": "registry:unmerge",
    "identity reindex": "registry:reindex",
    "backpack list": "backpack:list_",
    "backpack show": "backpack:show",
    "backpack export": "backpack_export:export",
    "claims": "claims:claims",
    "disclosures": "disclosures:show",
    "exception add": "federal:add",
    "exception list": "federal:list_",
    "exception end": "federal:end",
    "transfers": "transfers:list_",
    "transfers list": "transfers:list_",
    "transfers show": "transfers:show",
    "transfers cancel": "transfers:cancel",
    "transfers report": "transfers:report",
    "calendar show": "calendar:show",
    "calendar close": "calendar:close",
    "calendar open": "calendar:open_",
    "calendar reset": "calendar:reset",
    "alerts": "flags:alerts",
    "alerts list": "flags:alerts",
    "alerts seen": "flags:seen",
    "codes": "codes:codes",
    "simulate": "simulate:simulate",
    "sshd-config": "sshd:generate",
    "keygen": "letters:keygen",
    "transcript make": "transcript:make",
    "transcript show": "transcript:show",
    "seal": "letters:seal",
    "open": "letters:open_",
    "send": "lea:send",
    "fetch": "lea:fetch",
}


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command tree for these arguments: the one command they name, or everything where they name none."""
    named = _starting(arguments[:2]) or _starting(arguments[:1])
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=_HELP)
    app.callback()(lambda: None)  # keeps a lone command's name: without it Typer would make it the whole program
    groups: dict[str, typer.Typer] = {}
    for path, where in (named or COMMANDS).items():
        module, _, function = where.partition(":")
        command = getattr(import_module(f"broker.commands.{module}"), function)
        if path in _ALONE:
            groups[path] = typer.Typer(invoke_without_command=True, help=_GROUPS[path])
            groups[path].callback()(command)
            app.add_typer(groups[path], name=path)
            continue
        group, _, name = path.rpartition(" ")
        if group and group not in groups:
            groups[group] = typer.Typer(no_args_is_help=True, help=_GROUPS[group])
            groups[group].callback()(lambda: None)
            app.add_typer(groups[group], name=group)
        (groups[group] if group else app).command(name)(command)
    return app


def _starting(words: Sequence[str]) -> dict[str, str]:
    return {path: where for path, where in COMMANDS.items() if words and path.split()[: len(words)] == list(words)}


def main() -> None:
    """Entry point: runs a command and turns what is left into one sentence."""
    try:
        build(sys.argv[1:])()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        sys.stderr.write(f"{_sentence(error)}\n")
        if os.environ.get("SATCHEL_DEBUG") == "1":
            raise
        sys.exit(1)


def _sentence(error: Exception) -> str:
    """What a user reads. An error that was not foreseen may hold data in its text, so only its kind is shown."""
    from broker.core.errors import OperatorError

    if isinstance(error, OperatorError):
        return str(error)
    return f"Satchel failed in a way it should not ({type(error).__name__}). Set SATCHEL_DEBUG=1 to see where."


if __name__ == "__main__":
    main()
