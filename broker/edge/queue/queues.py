"""The queues: Dramatiq on Redis, carrying tracking ids and nothing else.

Owns every use of Dramatiq. Promises: nothing happens at import time; a message names a stage and at most `batch`
tracking ids; the queue is a hint and the ledger the truth, so `enqueue` returns False instead of raising when Redis is
away. The ledger does retries, poison counting and backoff, so Dramatiq's own are left out.
"""

import hashlib
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from broker.core.flow import Stage
from broker.edge.home import own_folder
from broker.edge.queue.redis_versions import Server
from broker.edge.settings import passwords
from broker.edge.settings.values import Settings, SettingsError

Run = Callable[[list[str]], None]

LANES = ("express", "bulk", "costly")  # by the numbers of `broker.core.lanes`
_FINISH_FIRST = {Stage.DELIVER: 0, Stage.ROUTE: 1, Stage.ADMIT: 2}  # started work is finished before more is started
_BULK_AFTER = 10
AWAY = (redis.RedisError, dramatiq.errors.ConnectionError)  # raised when Redis cannot be reached
_EPOCH = "satchel:epoch"
_SOCKET_PATH_MOST = 100  # sockaddr_un holds 108 bytes on Linux, 104 elsewhere


def socket_path(home: Path) -> Path:
    """Where the embedded Redis of this home listens; outside of it when the home's own path is too long."""
    inside = home / "run" / "redis.sock"
    if len(str(inside)) <= _SOCKET_PATH_MOST:
        return inside
    name = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"satchel-{name}" / "redis.sock"


def check_socket(home: Path, *, is_made: bool = False) -> None:
    """Check that the folder of the embedded Redis's socket, where it is outside the home, belongs to this user alone;
    with `is_made`, create it first. Raises OperatorError."""
    folder = socket_path(home).parent
    if folder.is_relative_to(home):
        if is_made:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif is_made:
        own_folder.make(folder)
    else:
        own_folder.check(folder)


def url_of(settings: Settings) -> str:
    """The Redis that this home uses."""
    return settings.redis.url or f"unix://{socket_path(settings.home)}"


class Queues:
    """One connection pool to Redis and the actors of every stage and lane."""

    def __init__(self, settings: Settings) -> None:
        self._batch = settings.workers.batch
        self._poll_ms = settings.workers.poll_ms
        url = url_of(settings)
        if not settings.redis.url:
            check_socket(settings.home)
        try:
            self._redis = redis.Redis.from_url(url, password=passwords.of_redis(settings))
        except ValueError:  # the text of this error may contain the URL
            raise SettingsError(
                f"redis.url in {settings.home / 'satchel.toml'} is not a redis:// or unix:// URL."
            ) from None
        self._broker = RedisBroker(client=self._redis, middleware=[], namespace="satchel")
        self._worker: dramatiq.Worker | None = None
        for lane in LANES:
            self._broker.declare_queue(lane)

    def enqueue(self, stage: Stage, ids: Sequence[str], lane: int) -> bool:
        """Tell the workers about these packets; False when Redis cannot be reached (the sweeper will tell them
        later)."""
        try:
            for start in range(0, len(ids), self._batch):
                self._broker.enqueue(
                    dramatiq.Message(
                        queue_name=LANES[lane],
                        actor_name=_actor_name(stage, LANES[lane]),
                        args=(list(ids[start : start + self._batch]),),
                        kwargs={},
                        options={},
                    )
                )
        except AWAY:
            return False
        return True

    def start(self, runs: Mapping[Stage, Run], lanes: Collection[int]) -> None:
        """Start to work the messages of these lanes: one thread passes each message to its stage's run."""
        own = {number: lane for number, lane in enumerate(LANES) if number in lanes}
        for stage, run in runs.items():
            for number, lane in own.items():
                dramatiq.Actor(
                    run,
                    broker=self._broker,
                    actor_name=_actor_name(stage, lane),
                    queue_name=lane,
                    priority=_FINISH_FIRST[stage] + _BULK_AFTER * number,
                    options={},
                )
        self._broker.delay_queues.clear()  # nothing is ever put there, and each would be polled 25 times a second
        names = set(own.values())
        self._worker = dramatiq.Worker(self._broker, queues=names, worker_threads=1, worker_timeout=self._poll_ms)
        self._worker.start()

    def stop(self, timeout_ms: int = 60_000) -> None:
        """Finish the present message and stop."""
        if self._worker is not None:
            self._worker.stop(timeout=timeout_ms)

    def waiting(self) -> dict[str, int] | None:
        """Messages by lane that no worker has taken yet; None when Redis cannot be reached."""
        try:
            return {lane: int(self._redis.llen(f"satchel:{lane}")) for lane in LANES}
        except redis.RedisError:
            return None

    def lost_everything(self) -> bool:
        """Whether Redis answers and has come back empty since the last call; sets the mark again."""
        try:
            return bool(self._redis.set(_EPOCH, "1", nx=True))
        except redis.RedisError:
            return False

    def server(self) -> Server | None:
        """Which server this is; None when it cannot be reached."""
        try:
            said = self._redis.info("server")
        except redis.RedisError:
            return None
        name = str(said.get("server_name", "redis"))
        return Server(name, str(said.get(f"{name}_version", "")), str(said.get("executable", "")))

    def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False


def _actor_name(stage: Stage, lane: str) -> str:
    return f"{stage}.{lane}"
