"""`satchel`: the command line (DESIGN section 9, a public interface).

Owns the command tree and the last line of defence: no traceback reaches a user.
"""

import os
import sys

import typer

from broker.commands import home, lea, look, sshd
from broker.edge.settings import SettingsError
from broker.wiring import NotReady

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
leas = typer.Typer(no_args_is_help=True, help="The directory of parties.")
receipts = typer.Typer(no_args_is_help=True, help="The exchange's signed receipts.")

app.command("init")(home.init)
app.command("up")(home.up)
app.command("status")(look.status)
app.command("packets")(look.packets)
app.command("packet")(look.packet)
app.command("sshd-config")(sshd.generate)
leas.command("add")(home.add)
leas.command("key")(home.key)
leas.command("list")(home.list_leas)
receipts.command("verify")(look.verify)
app.add_typer(leas, name="lea")
app.add_typer(receipts, name="receipt")
lea.register(app)


def main() -> None:
    """Entry point: runs a command and turns what is left into one sentence."""
    try:
        app()
    except (SettingsError, NotReady) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as bug:
        sys.stderr.write(
            f"Satchel failed in a way it should not ({type(bug).__name__}). Set SATCHEL_DEBUG=1 to see where.\n"
        )
        if os.environ.get("SATCHEL_DEBUG") == "1":
            raise
        sys.exit(1)


if __name__ == "__main__":
    main()
