"""Buttons that nobody knows any more."""

from aiogram import Router
from aiogram.types import CallbackQuery

from vitte.bot.menus import answer
from vitte.bot.texts import Texts


async def tell_old(query: CallbackQuery, texts: Texts) -> None:
    """Say that the button is of another time, and take its spinner away."""
    await answer(query, texts.get("button-old"))


def create_router() -> Router:
    """Make the router of what no other has taken."""
    router = Router(name="buttons")
    router.callback_query.register(tell_old)
    return router
