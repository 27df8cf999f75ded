"""Made tables with planted weak slices: skewed categories, numbers of several shapes, known places of the errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

KINDS = ("pair", "mixed", "interval", "rectangle")
TRIES = 60
SHAPES = ("normal", "lognormal", "uniform", "whole", "exponential", "student", "two humps")


@dataclass(frozen=True)
class Setting:
    """How tables are made.

    Parameters
    ----------
    base
        Error rate outside the planted slices.
    raised
        Lowest and highest error rate inside.
    sizes
        Smallest and largest share of the rows in a planted slice.
    categories, numbers
        How many columns there are of each.
    values
        The most values that a category column may have.
    missing
        Share of missing values, in each second column.
    twins
        How many columns are nearly copies of others.
    by_class
        Whether errors depend on a class with which one column hangs together.
    shapes
        Of the numbers' distributions.
    """

    rows: int = 50_000
    base: float = 0.08
    raised: tuple[float, float] = (0.2, 0.3)
    sizes: tuple[float, float] = (0.01, 0.03)
    slices: int = 4
    categories: int = 5
    numbers: int = 5
    values: int = 30
    missing: float = 0.05
    twins: int = 0
    by_class: bool = False
    shapes: tuple[str, ...] = SHAPES


@dataclass(frozen=True)
class Condition:
    """What holds in one column of a planted slice: ``low < x <= high``, or a category."""

    column: int
    low: float = -np.inf
    high: float = np.inf
    code: int | None = None

    def mask(self, columns: list[np.ndarray]) -> np.ndarray:
        """Tell which rows fulfil it."""
        values = columns[self.column]
        return values == self.code if self.code is not None else (values > self.low) & (values <= self.high)


@dataclass(frozen=True)
class Table:
    """Columns (codes or floats), which rows are wrong, and where errors were planted."""

    columns: list[np.ndarray]
    wrong: np.ndarray
    planted: list[np.ndarray]


class Generator:
    """Draws tables of one make: fresh rows have the same distributions and the same weak slices."""

    def __init__(self, seed: int, setting: Setting) -> None:
        self.setting = setting
        rng = np.random.default_rng([seed, 7])
        self._shares = []
        for _ in range(setting.categories):
            values = int(rng.integers(3, setting.values + 1))
            shares = rng.dirichlet(np.full(values, 1.5)) if rng.random() < 0.5 else 1 / np.arange(1, values + 1)
            self._shares.append(rng.permutation(shares / shares.sum()))
        self._shapes = [str(rng.choice(setting.shapes)) for _ in range(setting.numbers)]
        self._class_rates = rng.uniform(0, 3, 6) * setting.base if setting.by_class else None
        probe = self._columns(200_000, np.random.default_rng([seed, 8]))
        self.slices: list[tuple[Condition, ...]] = []
        taken = np.zeros(200_000, dtype=bool)
        kinds = rng.permutation(KINDS).tolist()
        self.kinds: list[str] = []
        tries = 0
        while len(self.slices) < setting.slices:
            kind = kinds[(len(self.slices) + tries // TRIES) % len(kinds)]  # of some kinds a table may hold none
            tries += 1
            terms = self._drawn(kind, probe, rng)
            if terms is None:
                continue
            inside = np.all([term.mask(probe) for term in terms], axis=0)
            low, high = setting.sizes
            if low <= inside.mean() <= high and (inside & taken).sum() < 0.1 * inside.sum():
                taken |= inside
                tries = 0
                self.slices.append(terms)
                self.kinds.append(kind)
        self.rates = rng.uniform(*setting.raised, len(self.slices))

    def draw(self, rows: int, seed: int) -> Table:
        """Draw rows."""
        rng = np.random.default_rng([seed, 9])
        columns = self._columns(rows, rng)
        rate = np.full(rows, self.setting.base)
        if self._class_rates is not None:
            rate = self._class_rates[columns[-1]]
        planted = [np.all([term.mask(columns) for term in terms], axis=0) for terms in self.slices]
        for mask, raised in zip(planted, self.rates, strict=True):
            rate = np.where(mask, np.maximum(rate, raised), rate)
        return Table(columns, rng.random(rows) < rate, planted)

    def _columns(self, rows: int, rng: np.random.Generator) -> list[np.ndarray]:
        columns: list[np.ndarray] = []
        for number, shares in enumerate(self._shares):
            codes = rng.choice(len(shares), rows, p=shares)
            if self.setting.missing and number % 2:
                codes[rng.random(rows) < self.setting.missing] = -1
            columns.append(codes)
        for number, shape in enumerate(self._shapes):
            values = _numbers(shape, rows, rng)
            if self.setting.missing and number % 2:
                values[rng.random(rows) < self.setting.missing] = np.nan
            columns.append(values)
        for number in range(self.setting.twins):
            source = columns[number * 2 % len(columns)]
            if source.dtype.kind == "f":
                columns.append(source * 1.8 + 32 + rng.normal(0, 0.01 * np.nanstd(source), rows))
            else:
                columns.append(np.where(rng.random(rows) < 0.02, rng.integers(0, 3, rows), source))
        if self._class_rates is not None:
            classes = rng.choice(6, rows, p=[0.3, 0.25, 0.2, 0.15, 0.07, 0.03])
            columns.append(np.where(rng.random(rows) < 0.1, rng.integers(0, 6, rows), classes))
            columns.append(classes)
        return columns

    def _drawn(self, kind: str, probe: list[np.ndarray], rng: np.random.Generator) -> tuple[Condition, ...] | None:
        """Draw the conditions of a slice of about the wanted size."""
        categories, numbers = self.setting.categories, self.setting.numbers
        share = rng.uniform(*self.setting.sizes)
        if kind == "pair":
            if categories < 2:
                return None
            first, second = rng.choice(categories, 2, replace=False)
            return self._category(int(first), rng), self._category(int(second), rng)
        if kind == "mixed":
            if not categories or not numbers:
                return None
            category = self._category(int(rng.integers(categories)), rng)
            number = categories + int(rng.integers(numbers))
            own = float(category.mask(probe).mean())
            return None if own <= share else (category, _interval(number, share / own, probe, rng))
        if kind == "interval":
            return (_interval(categories + int(rng.integers(numbers)), share, probe, rng),) if numbers else None
        if numbers < 2:
            return None
        first, second = (categories + rng.choice(numbers, 2, replace=False)).tolist()
        side = share ** rng.uniform(0.3, 0.7)
        return _interval(first, side, probe, rng), _interval(second, share / side, probe, rng)

    def _category(self, column: int, rng: np.random.Generator) -> Condition:
        return Condition(column, code=int(rng.integers(len(self._shares[column]))))


def _interval(column: int, share: float, probe: list[np.ndarray], rng: np.random.Generator) -> Condition:
    known = probe[column][~np.isnan(probe[column])]
    start = rng.uniform(0, max(1 - share, 0))
    low, high = np.quantile(known, [start, min(start + share, 1)])
    # Borders as people set them, and no quantiles: a few digits.
    digits = int(rng.integers(2, 5))
    return Condition(column, float(f"{low:.{digits}g}"), float(f"{high:.{digits}g}"))


def _numbers(shape: str, rows: int, rng: np.random.Generator) -> np.ndarray:
    if shape == "normal":
        return rng.normal(50, 12, rows)
    if shape == "lognormal":
        return rng.lognormal(3, 1, rows)
    if shape == "uniform":
        return rng.uniform(-1, 1, rows)
    if shape == "whole":
        return rng.integers(18, 91, rows).astype(float)
    if shape == "exponential":
        return rng.exponential(7, rows)
    if shape == "student":
        return rng.standard_t(1.5, rows)
    return np.where(rng.random(rows) < 0.3, rng.normal(-4, 1, rows), rng.normal(3, 2, rows))
