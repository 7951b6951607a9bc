"""What parties do: send and ask, take back, take what lies in their inboxes."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.support.story.account import (
    ABOUT,
    ASK,
    BACKPACK,
    LEAS,
    NOBODY,
    RECORD,
    STATE,
    TRANSCRIPT,
    UNIVERSITY,
    Sent,
)
from tests.support.story.enrolls import Enrollments, children, leas, often

RECEIVERS = (*LEAS, UNIVERSITY)
receivers = st.sampled_from(RECEIVERS)
_TO = ("", "", "", "here", "here", *LEAS, STATE, NOBODY)
_TOWARDS = st.sampled_from((UNIVERSITY,) * 5 + (LEAS[0], STATE, NOBODY))
_WANTS = ("record", "record", "backpack", "parent-copy", "disclosures")


class Parties(Enrollments):
    """What LEAs and universities do."""

    # what they send

    @rule(child=children, where=st.integers(0, 9), to=st.sampled_from(_TO), is_worked=st.booleans())
    def send_record(self, child: int, where: int, to: str, is_worked: bool) -> None:
        lea = self._former(child, where)
        if self.can_send(lea):
            to = self.belief.here(child, self.world.today) if to == "here" else to
            self.admit(self.drop(Sent(RECORD, lea, self.key(lea), child, to)), is_worked)

    @rule(child=children, where=st.integers(0, 9), mode=st.sampled_from(("replace", "add")))
    def send_backpack(self, child: int, where: int, mode: str) -> None:
        lea = self._former(child, where)
        if self.can_send(lea):
            self.drop(Sent(BACKPACK, lea, self.key(lea), child, status=mode))

    @rule(child=children, where=st.integers(0, 9), to=_TOWARDS, is_asked=often, is_worked=st.booleans())
    def send_transcript(self, child: int, where: int, to: str, is_asked: bool, is_worked: bool) -> None:
        """The LEA says that the student asked for it, or does not."""
        lea = self._former(child, where)
        if self.can_send(lea) and child in self.own.ssids:
            day = self.world.day(-1) if is_asked else ""
            self.admit(self.drop(Sent(TRANSCRIPT, lea, self.key(lea), child, to, day)), is_worked)

    @rule(child=children, lea=leas, want=st.sampled_from(_WANTS), is_worked=st.booleans())
    def ask(self, child: int, lea: str, want: str, is_worked: bool) -> None:
        """Any LEA asks for anything, of the student or for the parent, whether it may have it or not."""
        if self.can_send(lea):
            self.admit(self.drop(Sent(ASK, lea, self.key(lea), child, status=want)), is_worked)

    def _former(self, child: int, where: int) -> str:
        """Mostly an LEA that has had the student."""
        had = [one.lea for one in self.belief.stays(child)]
        return had[where % len(had)] if had and where < 9 else LEAS[child]

    @precondition(lambda self: any(one.kind in ABOUT for one in self.own.sent.values()))
    @rule(which=st.integers(0, 99), is_own=often)
    def recall(self, which: int, is_own: bool) -> None:
        mine = [tracking for tracking, one in self.own.sent.items() if one.kind in ABOUT]
        if mine:
            about = mine[-1 - which % len(mine)]
            sender = self.own.sent[about].sender if is_own else LEAS[which % len(LEAS)]
            if self.can_send(sender):
                self.drop(Sent("recall", sender, self.key(sender), about=about))

    @precondition(lambda self: self.own.got)
    @rule(which=st.integers(0, 99), status=st.sampled_from(("received", "rejected")))
    def acknowledge(self, which: int, status: str) -> None:
        """Who got something speaks of it, also where the state has taken it back since."""
        about, lea = self.own.got[-1 - which % len(self.own.got)]
        if self.can_send(lea):
            self.drop(Sent("acknowledgement", lea, self.key(lea), about=about, status=status))

    # what they take

    @precondition(lambda self: any(map(self.world.files, RECEIVERS)))
    @rule(lea=receivers, which=st.integers(0, 99), is_all=st.booleans())
    def take(self, lea: str, which: int, is_all: bool) -> None:
        files = self.world.files(lea)
        for path in files if is_all else files[which % len(files) : which % len(files) + 1] if files else []:
            path.unlink()
            self.own.taken.add(path.name.split(".")[0])
