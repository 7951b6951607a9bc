"""`satchel up`: the whole exchange on one machine."""

from broker import offline
from broker.commands.common import HomeOption, fail, say
from broker.edge.embedded_redis import NoRedis
from broker.supervisor import AlreadyUp, Supervisor


def up(home: HomeOption = None) -> None:
    """Run all parts in the foreground; prints `ready` when they are, and stops on Ctrl-C or SIGTERM."""
    services = offline.build(home)
    try:
        Supervisor(services.settings, say, offline.logger("supervisor")).run()
    except (AlreadyUp, NoRedis) as error:
        fail(str(error))
