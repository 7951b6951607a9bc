"""Notices that something happened in the LEAs' folders.

Owns watchdog. Promises hints, never facts: an event only says where to look, any event may be missing, late or wrong,
and nothing may depend on one; the scan on the caller's timer is the truth. When events are known to be lost, every
affected folder gets a hint. Local folders are watched by inotify, the others by polling: network mounts, where other
machines' changes cause no events, and folders for which the system has no more watches.

A folder that could hang by itself is never polled here: its LEA's own runner looks into it (`broker.edge.home.apart`).

One thread serves all inotify watches and two serve all polled folders, whatever the number of LEAs. (watchdog's
Observer would start one thread per folder and, watching recursively, follow what LEAs put into their outboxes.)
"""

import errno
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

from watchdog.events import (
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserverVFS

from broker.core.model import LeaId
from broker.edge.home import mounts
from broker.edge.home.file_names import is_unfinished

if TYPE_CHECKING:
    from watchdog.observers.inotify_c import InotifyEvent, InotifyFD, WatchDescriptor

OnHint = Callable[[LeaId, str, bool], None]
OnRemoved = Callable[[LeaId, str], None]

_log = logging.getLogger(__name__)
_NO_MORE_WATCHES = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_NOT_WATCHABLE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES})
_POLLED_ENTRIES = 1000  # entries of one folder in one round: more hints would not make intake faster
_POLLED_PER_SECOND = 2000  # folders; with more of them a round takes longer instead of using a whole core


@dataclass(frozen=True, slots=True)
class _Spot:
    """One folder to watch: an outbox, or an inbox."""

    lea: LeaId
    path: Path
    inbox: bool


class Watch:
    """Watches the outboxes (and inboxes, for removals) of all LEAs. `mode` is auto, events or polling."""

    def __init__(
        self, mode: str = "auto", poll_seconds: float = 1.0, is_apart: Callable[[LeaId], bool] = lambda _: False
    ) -> None:
        if mode not in ("auto", "events", "polling"):
            raise ValueError("watch must be auto, events or polling")
        self._mode = mode
        self._is_apart = is_apart
        self._poll_seconds = poll_seconds
        self._lock = threading.RLock()
        self._table = mounts.Mounts()
        self._events: InotifyFD | None = None
        self._poller: BaseObserver | None = None
        self._watched: dict[Path, _Folder] = {}
        self._polled: dict[str, _Spot] = {}
        self._running = self._warned = False

    def start(
        self,
        outboxes: Mapping[LeaId, Path],
        on_hint: OnHint,
        inboxes: Mapping[LeaId, Path] | None = None,
        on_removed: OnRemoved | None = None,
    ) -> None:
        """Begin. The callbacks come from other threads, one call at a time for each kind of watching, and must be
        quick; a callback that raises ends its thread, and `alive` shows that.

        `on_hint(lea, name, closed)`: look at this file; `closed` if it was just closed after writing or moved into
        place. An empty name: events were lost, look at the whole outbox. `on_removed(lea, name)`: this file may be gone
        from the inbox. Files that are there at the start cause no hints: scan right after this returns.
        """
        with self._lock:
            if self._running:
                raise RuntimeError("this Watch runs already")
            self._on_hint, self._on_removed = on_hint, on_removed
            self._table = mounts.read() if self._mode == "auto" else mounts.Mounts()
            self._running, self._warned = True, False
            spots = [_Spot(lea, path.absolute(), False) for lea, path in outboxes.items()]
            if on_removed is not None:
                spots += [_Spot(lea, path.absolute(), True) for lea, path in (inboxes or {}).items()]
            self._place(spots)

    def add(self, lea: LeaId, outbox: Path, inbox: Path | None = None) -> None:
        """Watch one more LEA, or try again for one whose folder was missing."""
        spots = [_Spot(lea, outbox.absolute(), False)]
        if inbox is not None and self._on_removed is not None:
            spots.append(_Spot(lea, inbox.absolute(), True))
        with self._lock:
            self._place(spots)

    def add_apart(self, lea: LeaId, outbox: Path) -> bool:
        """Watch the folder of an LEA with a mount of its own that has just answered and whose changes are made on this
        machine. False where that is not possible, and the caller must look by itself."""
        with self._lock:
            return self._mode != "polling" and self._watch(_Spot(lea, outbox.absolute(), False), is_local=True)

    def alive(self) -> bool:
        """Whether every thread that should watch is alive. If not: `stop`, `start`, and scan."""
        with self._lock:
            threads: list[threading.Thread] = [] if self._events is None else [self._events]
            if self._poller is not None:
                threads += [self._poller, *self._poller.emitters]
            return self._running and all(thread.is_alive() for thread in threads)

    def polled(self) -> int:
        """How many folders are polled."""
        return len(self._polled)

    def stop(self) -> None:
        """End watching; no callback runs after this returns. It must not be called from a callback."""
        with self._lock:
            self._running = False
            events, self._events = self._events, None
            poller, self._poller = self._poller, None
        for thread in (events, poller):
            if thread is not None:
                thread.stop()
                thread.join()
        self._watched.clear()
        self._polled.clear()

    def _place(self, spots: Iterable[_Spot]) -> None:
        rest = [spot for spot in spots if not self._watch(spot)]
        for spot in rest:
            self._polled[str(spot.path)] = spot
        if rest and self._poller is None:
            self._poller = self._start_poller()

    def _watch(self, spot: _Spot, *, is_local: bool = False) -> bool:
        if spot.path in self._watched:
            return True
        if self._mode == "polling" or sys.platform != "linux":
            return False
        if self._mode == "auto" and not is_local and self._table.is_remote(spot.path):
            return False
        try:
            self._add_events(spot)
        except OSError as error:
            if error.errno in _NO_MORE_WATCHES:
                self._warn_once()
            elif error.errno not in _NOT_WATCHABLE:
                raise
            return False
        self._polled.pop(str(spot.path), None)
        return True

    def _add_events(self, spot: _Spot) -> None:
        from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyFD, Mask

        if self._events is None:
            events = InotifyFD()
            events.start()
            self._events = events
        noticed = (
            InotifyConstants.IN_DELETE | InotifyConstants.IN_MOVED_FROM
            if spot.inbox
            else InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVED_TO
        )
        mask = Mask(noticed | InotifyConstants.IN_ONLYDIR | InotifyConstants.IN_DONT_FOLLOW)
        folder = _Folder(self, spot)
        # A folder that may not be read (EACCES) causes no error here but the descriptor -1.
        if self._events.add_callback(os.fsencode(spot.path), mask, folder, CallbackId(id(folder))) == -1:
            raise PermissionError(errno.EACCES, "the folder may not be watched")
        self._watched[spot.path] = folder

    def _warn_once(self) -> None:
        if not self._warned:
            self._warned = True
            _log.warning(
                "no more inotify watches: the other folders are polled; raise fs.inotify.max_user_watches and"
                " fs.inotify.max_user_instances, and restart"
            )

    def _start_poller(self) -> BaseObserver:
        interval = max(self._poll_seconds, len(self._polled) / _POLLED_PER_SECOND)
        poller = PollingObserverVFS(self._stat, self._list, polling_interval=interval)
        kinds: list[type[FileSystemEvent]] = [FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileDeletedEvent]
        poller.schedule(_Polled(self), os.sep, recursive=True, event_filter=kinds)
        poller.start()
        return poller

    def _stat(self, path: str) -> os.stat_result:
        spot = self._polled.get(path) or self._polled.get(path.rpartition(os.sep)[0])
        if spot is not None and self._is_apart(spot.lea):
            raise FileNotFoundError(errno.ENOENT, "it is looked into elsewhere")
        return os.lstat(path)

    def _list(self, path: str | None) -> "Iterator[os.DirEntry[str]]":
        """What watchdog's polling sees: the polled folders below the root, some entries in each, and nothing deeper."""
        if path == os.sep:
            # Joined to the root, an absolute path stays as it is.
            here = [folder for folder, spot in list(self._polled.items()) if not self._is_apart(spot.lea)]
            return cast("Iterator[os.DirEntry[str]]", iter([_Entry(folder) for folder in here]))
        spot = self._polled.get(path or "")
        if spot is None or path is None or self._is_apart(spot.lea):
            return iter(())
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return iter(())  # a mount that is down must not end the round for the others
        try:
            with os.scandir(fd) as entries:
                return iter(list(islice(entries, _POLLED_ENTRIES)))
        except OSError:
            return iter(())
        finally:
            os.close(fd)

    def _saw(self, spot: _Spot, name: str, closed: bool) -> None:
        """Something happened to an entry; '' means the folder itself."""
        if not self._running:
            return
        if not spot.inbox:
            if not is_unfinished(name):
                self._on_hint(spot.lea, name, closed)
        elif name and not name.startswith(".") and self._on_removed is not None:
            self._on_removed(spot.lea, name)

    def _lost(self, spot: _Spot) -> None:
        """The watch of a folder ended: the folder was removed or unmounted, and may come back."""
        with self._lock:
            self._watched.pop(spot.path, None)
            if not self._running:
                return
            self._polled[str(spot.path)] = spot
            if self._poller is None:
                self._poller = self._start_poller()
        self._saw(spot, "", False)


class _Folder:
    """The callbacks of one inotify watch."""

    def __init__(self, watch: Watch, spot: _Spot) -> None:
        self._watch = watch
        self._spot = spot

    def on_event(self, event: "InotifyEvent") -> None:
        if event.name and not event.is_directory:
            self._watch._saw(self._spot, os.fsdecode(event.name), True)

    def on_watch_deleted(self, wd: "WatchDescriptor") -> None:
        del wd  # required by the interface; the spot says which folder it was
        self._watch._lost(self._spot)

    def on_queue_overflow(self) -> None:
        self._watch._saw(self._spot, "", False)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str


class _Polled(FileSystemEventHandler):
    """Turns polling's events into hints. Polling guesses moves by inode number, and file systems reuse inode numbers at
    once; so none of its events proves that a file is closed."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def on_any_event(self, event: FileSystemEvent) -> None:
        came = event.event_type in ("created", "modified")
        if event.event_type == "moved":
            self._tell(os.fsdecode(event.dest_path), inbox=False)
        self._tell(os.fsdecode(event.src_path), inbox=not came)

    def _tell(self, path: str, inbox: bool) -> None:
        folder, _, name = path.rpartition(os.sep)
        spot = self._watch._polled.get(folder)
        if spot is not None and spot.inbox is inbox:
            self._watch._saw(spot, name, False)
