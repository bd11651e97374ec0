"""The disk: what is written through to it, and when."""

import errno
import os
import stat

import atomicwrites
import pytest

from .gateways import SENDING, Gateway


class Disk:
    """Notes what is written ahead, and takes nothing while it is full.

    `sizes` are those of the files, `requests` how many requests the gateway had got by then.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
        self.full = False
        self.sizes: list[int] = []
        self.requests: list[int] = []
        self._gateway = gateway
        self._fsync = os.fsync
        monkeypatch.setattr(atomicwrites, "_proper_fsync", self.fsync)

    def fsync(self, descriptor: int) -> None:
        """Write through to the disk, or raise."""
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            self.sizes.append(os.fstat(descriptor).st_size)
            self.requests.append(sum(request.path in SENDING for request in self._gateway.requests))
        self._fsync(descriptor)
