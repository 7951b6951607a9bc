"""Which lane a packet waits in: express, bulk, or costly (for packets that are costly to read).

Owns fairness. Promises: an LEA's first few waiting packets are express however much another LEA drops, and what a
moving child needs goes before bulk. A packet that costs more than a first try allows is costly: one worker takes only
those, one at a time and the LEAs in turn, so that they keep only each other waiting.
"""

EXPRESS, BULK, COSTLY = 0, 1, 2


def lane_of(waiting: int, express_in_flight: int) -> int:
    """The lane of a new packet of an LEA that already has `waiting` packets to be worked."""
    return EXPRESS if waiting < express_in_flight else BULK
