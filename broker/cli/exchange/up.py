"""`satchel up`: the whole exchange on one machine."""

from broker import offline, wiring
from broker.cli.acting import operator
from broker.cli.students.registry import index_if_stale
from broker.edge.log import watch_over
from broker.edge.queue.embedded_redis import NoRedis
from broker.edge.settings import passwords
from broker.processes.supervisor import AlreadyUp, Supervisor, Unusable
from broker.terminal.common import HomeOption, fail, say
from broker.verbs.installation import exchange


def up(home: HomeOption = None) -> None:
    """Run all parts in the foreground; prints `ready` when all of them run, and stops on Ctrl-C or SIGTERM."""
    services, log = offline.build(home), offline.logger("supervisor")
    watch_over()
    exchange.check_start(services, actor=operator())
    for sentence in passwords.shown_to_others(services.settings):
        log.warning("a password can be read by others", why=sentence)
    wiring.check_keys(services.home)  # reported once here, and not by every part
    index_if_stale(services)

    def ready(line: str) -> None:  # the name and settings may be new, and the port may be known only now
        for lea in exchange.start(services, actor=operator()):
            log.warning("the LEA's folder is missing", lea=lea)
        say(line)

    try:
        Supervisor(services.settings, services.engine, ready, log).run()
    except (AlreadyUp, NoRedis, Unusable) as error:
        fail(str(error))
