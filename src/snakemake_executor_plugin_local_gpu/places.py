"""Where the jobs of one run stand among all that wait for a GPU on the host."""

from gpulease.executors import Queue, Request


class Places:
    """The queues of one run: those who wait fill them, and its workers give way by them."""

    def __init__(self) -> None:
        self._queues: set[Queue] = set()

    def add(self, queue: Queue) -> None:
        """Count what waits in a queue."""
        self._queues.add(queue)

    def remove(self, queue: Queue) -> None:
        """Count it no longer."""
        self._queues.discard(queue)

    def requests(self) -> dict[int, Request]:
        """What jobs of this run wait for, by their places in the order of the whole host."""
        queues = tuple(self._queues)
        return {seq: request for queue in queues for seq, request in queue.places().items()}
