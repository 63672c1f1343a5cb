"""What nobody should keep of a person, told by its form."""

import re

_WORDS = (
    r"pass\s?(?:word|code|phrase)|pin(?:[ -]?code)?|cvv2?|cvc2?|otp|2fa|api[ _-]?key|access[ _-]?key"
    r"|secret(?:[ _-]?key)?|private[ _-]key|token|seed[ _-]phrase|recovery[ _-](?:code|phrase)"
    r"|парол\w*|пин(?:-?код\w*)?|код\w*[ -]слов\w*|кодов\w* слов\w*|токен\w*|секретн\w+ ключ\w*"
    r"|ключ\w* api|api[ -]?ключ\w*|сид-?фраз\w*|код\w* из смс"
)
# The word, and then what could be its value: with a digit or a sign in it, or in quotes, or after a colon.
_NAMED = re.compile(
    rf"(?<!\w)(?:{_WORDS})(?!\w).{{0,40}}?(?:[:=]\s*\S|[\"'«“`]\S|(?=\S*[\d!@#$%^&*_+=])[^\s,.;]{{3,}})",
    re.IGNORECASE | re.DOTALL,
)
_IS = re.compile(
    r"(?<!\w)(?:password|passcode|passphrase|pin|парол\w*|пин-?код\w*)\s+(?:is|was|это|—|-)\s+\S",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)")
_KEYS = re.compile(
    r"-----BEGIN|(?<!\w)(?:sk|pk|rk|ghp|gho|xox[abp]|glpat|AKIA|AIza)[-_A-Za-z0-9]{12,}"
    r"|(?<!\w)\d{6,12}:[-\w]{30,}|(?<!\w)eyJ[-\w]+\.[-\w]+\.|(?<!\w)(?=[A-Za-z]*\d)[A-Za-z0-9+/_-]{32,}={0,2}"
)


def holds_a_secret(text: str) -> bool:
    """Tell whether a text looks as if it held a password, a key, or the number of a card.

    By patterns, so that it errs on both sides: what is kept too little is less than what is kept too much.
    """
    return bool(
        _NAMED.search(text)
        or _IS.search(text)
        or _KEYS.search(text)
        or any(_is_card(found) for found in _DIGITS.findall(text))
    )


def _is_card(text: str) -> bool:
    """Tell whether digits have the check digit of a card's number (ISO/IEC 7812-1, annex B)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
