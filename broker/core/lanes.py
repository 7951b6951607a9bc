"""Which lane a packet waits in: the express one or the bulk one.

Owns fairness. Promises: an LEA's first few waiting packets are express however much another LEA drops, and what a
moving child needs goes before bulk.
"""

EXPRESS, BULK = 0, 1


def lane_of(waiting: int, express_in_flight: int) -> int:
    """The lane of a new packet of an LEA that already has `waiting` packets to be worked."""
    return EXPRESS if waiting < express_in_flight else BULK
