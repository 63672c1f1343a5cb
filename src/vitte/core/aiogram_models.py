"""Importing this imports aiogram, without building what will not be used.

aiogram declares its models of Telegram's objects with pydantic's `defer_build`, which means: build a model
when it is first needed. At the end of its own import it then builds all of the 400 nevertheless: only there
can the names in their annotations be resolved, as most modules know them for type checkers only. That takes
2.3 of the 3 seconds of the import and 100 of its 160 MB, in every process that speaks to Telegram, and a
bot needs a dozen of the models. [aiogram 3.31, pydantic 2.13]

Here those names are put where pydantic looks for them, and the building is left to its first use. Should a
coming aiogram do without that building, nothing is to be postponed and nothing is touched. Where aiogram was
imported before, its models are there already.

Each object of Telegram also remembers the bot that it came to. pydantic lets every class of an inheritance
prepare its private attributes anew, which takes two fifths of reading an update; here it is one step, as all
of them have that one attribute and no more.
"""

import inspect
import re
import sys
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

_NAME = re.compile(r"\w+")
_TYPES = "aiogram.types."


def _import_aiogram() -> None:
    postponed: dict[type[BaseModel], Mapping[str, Any]] = {}
    build = vars(BaseModel)["model_rebuild"]

    def postpone(
        model: type[BaseModel], /, *, _types_namespace: Mapping[str, Any] | None = None, **options: Any
    ) -> bool | None:
        if _types_namespace is None or not model.__module__.startswith(_TYPES):
            result: bool | None = build.__func__(model, _types_namespace=_types_namespace, **options)
            return result
        postponed[model] = _types_namespace
        return None

    BaseModel.model_rebuild = classmethod(postpone)  # type: ignore[assignment, method-assign]
    try:
        import aiogram  # noqa: F401
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]
    for model, names in postponed.items():
        _make_known(model, names)


def _make_known(model: type[BaseModel], names: Mapping[str, Any]) -> None:
    """Let the module of `model` have the names that its fields need, also those that it inherits."""
    module = vars(sys.modules[model.__module__])
    for kind in model.__mro__:
        for annotation in inspect.get_annotations(kind).values():
            for name in _names(annotation):
                if name in names:
                    module.setdefault(name, names[name])


def _let_remember_bot_at_once() -> None:
    from aiogram.client.context_controller import BotContextController

    theirs = inspect.unwrap(BotContextController.model_post_init)
    models: list[type[BaseModel]] = [BotContextController]
    for model in models:
        models += model.__subclasses__()
        if set(model.__private_attributes__) == {"_bot"} and inspect.unwrap(model.model_post_init) is theirs:
            model.model_post_init = _remember_bot  # type: ignore[method-assign]


def _remember_bot(model: BaseModel, context: Mapping[str, Any] | None, /) -> None:
    """Do what aiogram's `BotContextController` does behind pydantic's preparations."""
    # Past pydantic's own setting of attributes, which looks each of them up.
    object.__setattr__(model, "__pydantic_private__", {"_bot": context.get("bot") if context else None})


def _names(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        yield from _NAME.findall(annotation)
    elif typing.get_origin(annotation) is not typing.Literal:
        for part in typing.get_args(annotation):
            yield from _names(part)


if "aiogram" not in sys.modules:
    _import_aiogram()
    _let_remember_bot_at_once()
