"""Quantities as the API server writes them: ``1000m`` is ``1``, ``1024Mi`` is ``1Gi``, ``0.5`` is ``500m``.

Source: ``k8s.io/apimachinery/pkg/api/resource/quantity.go``: finest step one thousandth for resources, rounded up; powers of 1024 stay powers of 1024 unless
the number is below 1024 or no whole number. A text that is near enough to that form is kept as it is, ``+5`` and ``1E3`` too. What is no quantity is given
back as it is.

>>> canonical("1000m"), canonical("1024Mi"), canonical(0.5), canonical("1500"), canonical("2000"), canonical("0.1Gi")
('1', '1Gi', '500m', '1500', '2k', '107374182400m')
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

_FORM = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}
_FINEST = 1000  # parts of one
_MOST = 2**63 - 1
_MOST_DIGITS = 18


def canonical(value: Any) -> Any:
    """The canonical text of a quantity."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    match = _FORM.fullmatch(value if isinstance(value, str) else format(Decimal(repr(value)), "f"))
    if not match:
        return value
    sign, digits, suffix = match[1], match[2], match[3] or ""
    if _is_kept(digits, suffix):
        return match[0]
    number = Fraction(digits) * (-1 if sign == "-" else 1)
    if suffix in _BINARY:
        number *= 1024 ** _BINARY[suffix]
        return _binary(number)
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return _decimal(_finest(number * Fraction(10) ** int(suffix[1:])), exponent=True)
    return _decimal(_finest(number * Fraction(1000) ** _DECIMAL[suffix]), exponent=False)


def _is_kept(digits: str, suffix: str) -> bool:
    """Whether the API server keeps the text as it was written."""
    whole, _, part = digits.partition(".")
    shifted = (whole.lstrip("0") or "0") + part
    if suffix in _BINARY:
        return not part and int(whole or 0) % 8 != 0 and len(shifted) + 3 * _BINARY[suffix] < 15
    power = int(suffix[1:]) if suffix[1:] else 3 * _DECIMAL[suffix]
    scale = power - len(part)
    return scale % 3 == 0 and scale >= -3 and not shifted.endswith("000") and shifted[0] != "0" and len(shifted) <= _MOST_DIGITS


def _finest(number: Fraction) -> Fraction:
    """Rounded up, away from zero, to thousandths."""
    parts = abs(number) * _FINEST
    return Fraction(-(-parts.numerator // parts.denominator), _FINEST) * (-1 if number < 0 else 1)


def _binary(number: Fraction) -> str:
    number = min(_finest(number), Fraction(_MOST))
    if abs(number) < 1024 or number.denominator != 1:
        return _decimal(number, exponent=False)
    whole, power = int(number), 0
    while whole % 1024 == 0 and power < len(_BINARY):
        whole, power = whole // 1024, power + 1
    return f"{whole}{next((suffix for suffix, of in _BINARY.items() if of == power), '')}"


def _decimal(number: Fraction, *, exponent: bool) -> str:
    if number == 0:
        return "0"
    power = 0 if number.denominator == 1 else -1
    whole = int(number * (1000 if power else 1))
    while whole % 1000 == 0 and (exponent or power < max(_SUFFIX)):
        whole, power = whole // 1000, power + 1
    if exponent:
        return f"{whole}e{power * 3}" if power else str(whole)
    return f"{whole}{_SUFFIX[power]}"
