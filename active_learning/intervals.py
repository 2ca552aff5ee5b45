"""How sure a share of so many is."""

import math

Z = 1.959964  # of a standard normal between ± which 95 % lie


def wilson(count: int, of: int) -> tuple[float, float]:
    """Wilson's score interval (1927), 95 %: between 0 and 1 also for few; (0, 1) of none."""
    if not of:
        return 0.0, 1.0
    share, z2 = count / of, Z * Z / of
    middle, reach = share + z2 / 2, Z * math.sqrt((share * (1 - share) + z2 / 4) / of)
    return max(0.0, (middle - reach) / (1 + z2)), min(1.0, (middle + reach) / (1 + z2))
