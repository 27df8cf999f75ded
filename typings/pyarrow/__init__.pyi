# pyarrow is compiled and brings no types: everything of it is Any, here rather than by an ignore at each use.
from typing import Any

def __getattr__(name: str) -> Any: ...
