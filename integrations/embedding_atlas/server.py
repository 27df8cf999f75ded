"""A real Embedding Atlas on loopback, in an environment of its own, installed without torch.

The release is the last that draws with WebGL; newer ones need WebGPU, which virtual machines, remote desktops and
headless browsers do not have. It asks for torch and models of texts, which only its own projection needs: it is
installed without them, beside the packages that its server imports.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from labelsift.demo.local_servers import LOOPBACK, Server, environment, free_port, has_environment, write_private
from labelsift.errors import InputError

from .export import FILE, NEAR, TEXT, X, Y

VERSION = "0.22.0"
NAME = "embedding-atlas"
ALONE = (f"{NAME}=={VERSION}",)
# What its server imports; found by trying.
REQUIREMENTS = (
    "click",
    "cryptography>=48",
    "duckdb>=1.5",
    "fastapi>=0.120",
    "inquirer>=3",
    "narwhals>=2",
    "pandas>=3",
    "platformdirs>=4.9",
    "pyarrow>=24",
    "uvicorn>=0.40",
)
MEGABYTES = 560  # of the environment
_CONSTRAINTS = Path(__file__).with_name("server-constraints.txt")  # renewed by `make upgrade`


class EmbeddingAtlasServer(Server):
    """Embedding Atlas's server with its page.

    Parameters
    ----------
    folder
        Holds the samples; private to the user. The program's cache goes there, too, and its log beside it.
    port
        Of the loopback interface; a free one by default.
    say
        Takes a line of progress when the environment must be installed first.

    Attributes
    ----------
    url
        Where the page is.
    """

    def __init__(self, folder: Path, *, port: int | None = None, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder.resolve(), say
        log = self.folder.with_name(f"{self.folder.name}.log")
        self.port = port or free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        super().__init__([], ready=f"{self.url}/data/metadata.json", log=log, env=self._env())

    def start(self) -> None:
        """Install what is needed, start the server and wait until it answers."""
        programs = environment(NAME, REQUIREMENTS, say=self.say, constraints=_CONSTRAINTS, alone=ALONE)
        data = self.folder / FILE
        if not data.exists():
            raise InputError(f"There is nothing to open in {self.folder}", hint="labelsift explore")
        write_private(self.log, "")
        options = {"x": X, "y": Y, "neighbors": NEAR, "host": LOOPBACK, "port": str(self.port)}
        if TEXT in _columns(data):
            options["text"] = TEXT
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.command = [
            str(programs / NAME), str(data), *flags, "--disable-projection", "--no-auto-port", "--no-mcp",
        ]  # fmt: skip
        super().start()

    def _env(self) -> dict[str, str]:
        """Return the variables that keep what it caches in the folder, and it off the network."""
        return {
            "HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "PYTHONPATH": "",  # the environment is its own
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def is_installed() -> bool:
    """Tell whether its environment is there."""
    return has_environment(NAME, REQUIREMENTS, alone=ALONE)


def _columns(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    return pq.read_schema(path).names
