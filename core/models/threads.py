"""Limits of numerical libraries' threads (threadpoolctl): one thread of BLAS and OpenMP, unless the user set a number.

The products of a scan are small. Two threads on them take half as much processor time again as one and end no sooner,
and where other work keeps the cores busy, threads that wait for each other cost a multiple (benchmarks/RESULTS.md). How
BLAS parts a product among threads also moves the last bits of its sums. Torch's own threads are left alone: what an
embedder of the user's computes is large; and so are those of Arrow, Lance and the tokenizers, which wait for nobody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)  # any of them set by the user: nothing is limited


@contextmanager
def limited_threads() -> Iterator[None]:
    """Compute with one thread, and give the libraries back as they were; a context, or a decorator.

    Of calls that overlap in several Python threads the first one limits the libraries' shared threads.
    """
    if any(os.environ.get(name) for name in VARIABLES):
        yield
        return
    import faiss  # noqa: F401 - it brings libraries of its own, which can be limited only once they are there
    from threadpoolctl import ThreadpoolController

    loaded = ThreadpoolController()
    paths = [library["filepath"] for library in loaded.info()]
    with loaded.select(filepath=[path for path in paths if "torch" not in Path(path).parts]).limit(limits=1):
        yield
