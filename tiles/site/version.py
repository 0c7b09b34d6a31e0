"""What a site in the making offers to who fills it: a folder's version (`tiles.site.folder`) or a bucket's."""

from pathlib import Path
from typing import Protocol


class SiteVersion(Protocol):
    """Names are paths below the site, with slashes."""

    written: int
    kept: int

    @property
    def removed(self) -> int:
        """Files of the site before that are gone, or others."""

    def put(self, name: str, data: bytes) -> None:
        """A file; not written where the site before has the same."""

    def made(self, name: str) -> Path:
        """Where a file is to be written by others, before the site is finished."""

    def keep(self, name: str, fingerprint: str) -> bool:
        """Take a file or folder over from the site before, if it was made of the same there; else False."""
