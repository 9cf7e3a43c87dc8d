"""Numbers as a language writes them"""

from babel.numbers import format_decimal, format_percent


def find_separators(language: str) -> str:
    """Decimal and thousands sign, as Plotly wants them."""
    return ",." if language == "pt-BR" else ".,"


def write_number(language: str, value: float, digits: int = 0, signed: bool = False) -> str:
    """1234.5 -> 1,234.5 or 1.234,5, or with its sign +1,234.5."""
    sign = "+" if signed and value > 0 else ""
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return sign + format_decimal(value, format=pattern, locale=language.replace("-", "_"))


def write_percent(language: str, share: float, digits: int = 0, signed: bool = False) -> str:
    """0.123 -> 12 %, or +12 %, with the language's signs."""
    sign = "+" if signed and share > 0 else ""
    pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
    return sign + format_percent(share, format=pattern, locale=language.replace("-", "_"))


def write_rate(rate: float) -> str:
    """A learning rate, in every language alike: 0.003 -> 3e-3."""
    return f"{rate:.1e}".replace(".0e", "e").replace("e-0", "e-").replace("e+00", "")
