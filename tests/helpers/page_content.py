"""What stands in a report page, and how well it can be read."""

from __future__ import annotations

import json
import re
from typing import Any

CONTRAST = """cell => {
    const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const light = (color) => {
        const canvas = document.createElement('canvas').getContext('2d');
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => channel(part / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const style = getComputedStyle(cell);
    const [back, ink] = [light(style.backgroundColor), light(style.color)];
    return [back, (Math.max(back, ink) + 0.05) / (Math.min(back, ink) + 0.05)];
}"""


def content_of(page: str) -> dict[str, Any]:
    """Return the data that a page holds."""
    match = re.search(r'<script type="application/json" id="content">(.*?)</script>', page, re.DOTALL)
    assert match is not None
    return json.loads(match[1])
