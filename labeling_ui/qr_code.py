"""A QR code as a drawing of the page itself: one path, for a template to put into an <svg>."""

from dataclasses import dataclass

import segno

QUIET = 4  # modules of white around it (ISO/IEC 18004)


@dataclass(frozen=True)
class QRCode:
    size: int  # of the drawing, in modules
    path: str


def qr_code(text: str) -> QRCode:
    rows = segno.make(text, error="m", micro=False).matrix
    squares = (
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark
    )
    return QRCode(len(rows) + 2 * QUIET, "".join(squares))
