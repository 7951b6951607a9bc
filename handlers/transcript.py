"""`transcript`: one student's transcript travels from an LEA to higher education (Utah R277-419-10, 53A-1-603.5).

Promises: only LEAs send it; only higher education receives it, and only when it is named in `to`, because students do
not enroll there through this exchange; it names exactly one student.
"""

from broker.core.access import Action, Ground
from broker.core.model import PacketType
from handlers.base import HIGHER_ED, LEAS, Disclosed, Handler

HANDLER = Handler(
    type=PacketType.TRANSCRIPT,
    versions=frozenset({1}),
    senders=LEAS,
    receivers=HIGHER_ED,
    ends_here=False,
    needs_student=True,
    follows_student=False,
    disclosed=Disclosed(Action.SEND_TRANSCRIPT, Action.RECEIVE_TRANSCRIPT, Ground.STUDENT_REQUEST),
    replaces_earlier=True,
    needs_request=True,
)
