"""What can go wrong with GPUs, in sentences that say what to do next."""


class GpuLeaseError(Exception):
    """Base of every error that this package raises on purpose."""


class DriverError(GpuLeaseError):
    """The NVIDIA driver is there and does not answer."""


class NoGpuError(GpuLeaseError):
    """No GPU may be used, or none has the memory asked for."""


class UsageError(GpuLeaseError):
    """A command or an argument that means nothing."""


class UnknownGpuError(GpuLeaseError):
    """A GPU was named that this host does not have."""


class NeverFitsError(GpuLeaseError):
    """More was asked for than the allowed GPUs have when they are empty."""


class LeaseTimeoutError(GpuLeaseError):
    """The memory did not become free in the time given."""


class LedgerError(GpuLeaseError):
    """The folder that all users of the GPUs share cannot be used."""


class LedgerAwayError(LedgerError):
    """That folder cannot be used now, and may be later: a full disk, too many open files."""


class LedgerBusyError(LedgerAwayError):
    """Another process holds the lock of that folder."""


class WorkerError(GpuLeaseError):
    """A call in a worker failed, or the worker ended before it answered."""
