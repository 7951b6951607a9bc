"""Which lane a packet waits in: the express one, the bulk one, or the one for what is costly to read.

Owns fairness. Promises: an LEA's first few waiting packets are express however much another LEA drops, and what a
moving child needs goes before bulk. What costs more than a first try allows is costly: a worker of its own takes those,
one at a time, and of each LEA one after the other's, so that they keep nobody waiting but each other.
"""

EXPRESS, BULK, COSTLY = 0, 1, 2


def lane_of(waiting: int, express_in_flight: int) -> int:
    """The lane of a new packet of an LEA that already has `waiting` packets to be worked."""
    return EXPRESS if waiting < express_in_flight else BULK
