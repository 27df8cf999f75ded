"""labelsift finds what is wrong with a labeled data set and puts it in front of people who can fix it."""

from .reading import read
from .samples import Samples

__all__ = ["Samples", "read"]
