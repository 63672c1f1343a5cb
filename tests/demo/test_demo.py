"""The whole demo: every process, the embedded servers, the real model, a person in a browser."""

import asyncio
import re
import sys

import pytest
from playwright.async_api import Browser, Page, expect

from tests.demo.stand import Demo, StartDemo
from tests.patience import PATIENCE

pytestmark = [pytest.mark.demo, pytest.mark.timeout(900)]


NOTE_LENGTHS = """
    window.lengths = new Set();
    new MutationObserver(() => {
        const draft = document.querySelector("[data-testid=draft]");
        if (draft) lengths.add(draft.dataset.full.length);
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
"""
"""Keeps every length that the draft has had."""


async def open_chat(chromium: Browser, demo: Demo) -> Page:
    page = await chromium.new_page(locale="ru-RU", viewport={"width": 1280, "height": 800})
    await page.goto(demo.chat_url)
    await page.get_by_test_id("welcome-create").click()
    return page


@pytest.mark.browser
async def test_a_person_opens_the_chat_and_talks_to_a_real_model_and_it_is_there_the_next_day(
    start_demo: StartDemo,
    chromium: Browser,
) -> None:
    demo = await start_demo()
    page = await open_chat(chromium, demo)
    await page.get_by_test_id("start-button").click()
    of_bot = page.locator('[data-testid="message"][data-from="bot"]')
    await expect(of_bot.last).to_contain_text("Я бот Vitte — твой AI-ассистент.")

    await page.evaluate(NOTE_LENGTHS)
    await page.get_by_test_id("composer").fill("Write a short story about a lighthouse keeper and a storm.")
    await page.get_by_test_id("send-button").click()
    draft = page.get_by_test_id("draft")
    await expect(draft).to_be_visible(timeout=20_000)
    await expect(of_bot).to_have_count(2, timeout=4 * PATIENCE * 1000)
    assert await page.evaluate("lengths.size") >= 2, "the draft did not grow"
    answer = await of_bot.last.inner_text()
    assert len(answer) > 40

    await page.reload()
    await expect(of_bot).to_have_count(2)
    assert await of_bot.last.inner_text() == answer
    await page.get_by_test_id("composer").fill("/status")
    await page.get_by_test_id("send-button").click()
    await expect(of_bot.last).to_contain_text("План: Бесплатный")
    await expect(of_bot.last).to_contain_text("smollm2")

    assert await demo.stop() == 0
    await demo.leaves_nothing()
    await page.close()

    again = Demo(demo.port_base, demo.data_dir)
    await again.start()
    page = await chromium.new_page(locale="ru-RU")
    await page.goto(f"{again.chat_url}?person=1001")
    await expect(page.locator('[data-testid="message"][data-from="bot"]')).to_have_count(3)
    await page.close()
    await again.is_ended_by_a_kill_of("bot")


async def test_two_demos_run_side_by_side_until_a_part_is_killed_and_their_tables_lead_to_pages_that_answer(
    start_demo: StartDemo,
) -> None:
    first, second = await asyncio.gather(start_demo(), start_demo())
    for demo in (first, second):
        assert re.search(r"user admin, password \w{8,}", demo.printed)
        await pages_answer(demo)
    await first.is_ended_by_a_kill_of("worker")
    await pages_answer(second)
    await second.is_ended_by_a_kill_of("postgres")


async def pages_answer(demo: Demo) -> None:
    """Fetch all that the table leads to."""
    urls = re.findall(r"http://127\.0\.0\.1:\d+/[\w/]*", demo.printed.partition("Stop with Ctrl-C")[0])
    assert len(urls) == 4
    program = "import sys, urllib.request as r; [r.urlopen(url, timeout=60) for url in sys.argv[1:]]"
    probe = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", program, *urls)
    assert await probe.wait() == 0, urls
