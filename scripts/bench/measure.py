"""What a benchmark finds: figures, what they are compared with, what is aimed at."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; `ratio` to the peer's, and the least (or, `most`, the greatest) that is aimed at."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    target: float | None = None
    most: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        told = self.value if self.ratio is None else self.ratio
        return told <= self.target if self.most else told >= self.target

    def to_json(self) -> dict[str, Any]:
        """For the report."""
        return {**asdict(self), "reached": self.reached}
