"""Formulas in LaTeX, as far as they can be written in one line of letters."""

import re
from collections.abc import Callable
from functools import cache

_MAX_LENGTH = 1000
_MAX_DEPTH = 20
_LEFT_OVER = re.compile(r"\\[a-zA-Z]")
_SIGNS = re.compile(rb"[\\^_=+*/<>{}|-]")
_SHORT = 3
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
_RAISED = str.maketrans("0123456789n", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ")


def is_formula(content: bytes, following: bytes) -> bool:
    """Tell whether what stands between two dollars is a formula, and not between two prices or variables.

    `following` is the character after the second one.
    """
    if following.isalnum():
        return False
    return len(content) <= _SHORT or _SIGNS.search(content) is not None


def readable(latex: str) -> tuple[str, bool]:
    """Return a formula as people write it, or as it is; and whether it is still LaTeX."""
    if not _may_be_converted(latex):
        return latex, True
    written = _converter()(latex).strip()
    if not written or _LEFT_OVER.search(written):
        return latex, True
    return written, False


def _may_be_converted(latex: str) -> bool:
    """Tell whether the converter can take it: it recurses into braces, and loses what is in open ones."""
    if len(latex) > _MAX_LENGTH:
        return False
    depth = 0
    for character in latex.replace("\\{", "").replace("\\}", ""):
        depth += (character == "{") - (character == "}")
        if not 0 <= depth <= _MAX_DEPTH:
            return False
    return depth == 0


@cache
def _converter() -> Callable[[str], str]:
    # 20 ms that only those need who are asked for formulas.
    from telegramify_markdown.latex_escape.helper import LatexToUnicodeHelper

    class Converter(LatexToUnicodeHelper):
        """Writes roots with brackets: a line over each letter is hard to read and copies badly."""

        @staticmethod
        def translate_sqrt(command: str, option: str, param: str) -> str:  # noqa: ARG004 - as it is called
            return _root(option.strip(), param.strip())

    convert: Callable[[str], str] = Converter().convert
    return convert


def _root(degree: str, content: str) -> str:
    sign = _ROOTS.get(degree) or f"{degree.translate(_RAISED)}√"
    return sign + (content if content.isalnum() else f"({content})")
