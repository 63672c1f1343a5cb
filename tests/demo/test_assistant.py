"""All that an assistant can do, with the demo's real model and a person in a browser."""

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.clients.documents.files import pdf
from tests.demo.stand import StartDemo
from tests.demo.test_demo import open_chat
from tests.patience import PATIENCE
from tests.sandbox.pictures import png

pytestmark = [pytest.mark.demo, pytest.mark.browser, pytest.mark.timeout(900)]

_ANSWERED = 4 * PATIENCE * 1000
"""Milliseconds for an answer of a model on one busy core."""


class Chat:
    """The chat's page, by what a person does there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.of_bot = page.locator('[data-testid="message"][data-from="bot"]')

    async def say(self, text: str) -> None:
        await self.page.get_by_test_id("composer").fill(text)
        await self.page.get_by_test_id("send-button").click()

    async def attach(self, name: str, kind: str, content: bytes, caption: str) -> None:
        file = {"name": name, "mimeType": kind, "buffer": content}
        await self.page.get_by_test_id("file-input").set_input_files(file)  # type: ignore[arg-type]  # a FilePayload
        await self.page.get_by_test_id("caption").fill(caption)
        await self.page.get_by_test_id("attach-send").click()

    async def hears(self, text: str) -> Locator:
        """Wait for a message of the bot's that says this, and return it."""
        message = self.of_bot.filter(has_text=text).last
        await expect(message).to_be_visible(timeout=_ANSWERED)
        return message

    async def answered(self, *, count: int) -> Locator:
        """Wait until the bot has said so much in all, and return the last of it."""
        await expect(self.of_bot).to_have_count(count, timeout=_ANSWERED)
        await expect(self.page.get_by_test_id("draft")).to_have_count(0, timeout=_ANSWERED)
        return self.of_bot.last

    async def press(self, message: Locator, text: str) -> None:
        await message.get_by_test_id("inline-button").filter(has_text=text).click()


async def test_a_person_asks_stops_asks_again_switches_and_sends_files_and_is_told_what_there_is(
    start_demo: StartDemo, chromium: Browser
) -> None:
    demo = await start_demo()
    page = await open_chat(chromium, demo)
    chat = Chat(page)
    await page.get_by_test_id("start-button").click()
    greeting = await chat.hears("Vitte")
    assert await greeting.get_by_test_id("inline-button").count() == 3

    await chat.say("Write a very long story about a lighthouse keeper, a storm and a ship.")
    await expect(page.get_by_test_id("draft")).to_contain_text(re.compile(r"\w+ \w+ \w+"), timeout=_ANSWERED)
    await page.get_by_test_id("stop-button").click()
    stopped = await chat.hears("⏹")
    count = await chat.of_bot.count()
    await chat.press(stopped, "🔄")
    again = await chat.answered(count=count + 1)
    assert len(await again.inner_text()) > 40

    await chat.say("/new")
    await chat.hears("🆕")
    await chat.say("What is bread made of?")
    count = await chat.of_bot.count()
    await chat.answered(count=count + 1)
    await chat.say("/dialogs")
    menu = await chat.hears("Твои диалоги")
    await menu.get_by_test_id("inline-button").filter(has_not_text="✅").first.click()
    await chat.press(chat.of_bot.last, "Продолжить")
    await expect(page.get_by_text("Продолжаем этот диалог.")).to_be_visible()

    await chat.attach("cat.png", "image/png", png(40, 30), "What is it?")
    await chat.hears("не видит картинок")
    await chat.attach("bees.pdf", "application/pdf", pdf("Bees make honey."), "What do bees make?")
    count = await chat.of_bot.count()
    await chat.answered(count=count + 1)

    await chat.say("/memory")
    await chat.hears("🧠")
    await chat.say("/status")
    await chat.hears("Сообщения сегодня")
    await page.close()
    assert await demo.stop() == 0
