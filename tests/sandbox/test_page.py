"""The chat page as a person meets it: first steps, answers that stream, several people, lost connections."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.sandbox.test_page_support import BOT_ID, PHONE, OpenWindow, PlayedBot
from vitte.embedded.ports import free_port
from vitte.sandbox.testing import NO_LIMITS, RunningSandbox, running_sandbox

pytestmark = pytest.mark.browser
pytest_plugins = ["tests.sandbox.test_page_support"]


async def test_one_click_and_start_lead_to_the_bots_greeting(
    open_window: OpenWindow, played: PlayedBot
) -> None:
    window = await open_window()
    await window.hook("welcome-create").click()
    await expect(window.hook("composer")).to_have_count(0)
    await window.hook("start-button").click()
    heard = await played.heard()
    assert heard["text"] == "/start"
    assert heard["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    await played.say(heard["chat"]["id"], "<b>Welcome</b> in", parse_mode="HTML")
    greeting = window.message("Welcome in")
    await expect(greeting).to_have_attribute("data-from", "bot")
    await expect(greeting.locator("strong")).to_have_text("Welcome")
    await expect(window.hook("composer")).to_be_focused()
    await expect(window.hook("start-button")).to_have_count(0)


async def test_the_welcome_speaks_the_browsers_language_and_gives_it_to_the_person(
    open_window: OpenWindow, played: PlayedBot
) -> None:
    window = await open_window(locale="ru-RU")
    await expect(window.hook("welcome-create")).to_have_text("Начать общение")
    await window.hook("welcome-en").click()
    await expect(window.hook("welcome-create")).to_have_text("Start chatting")
    await window.hook("welcome-ru").click()
    await window.hook("welcome-name").fill("Пётр Ильич")
    await window.hook("welcome-create").click()
    await window.hook("start-button").click()
    sender = (await played.heard())["from"]
    assert (sender["first_name"], sender["last_name"], sender["language_code"]) == ("Пётр", "Ильич", "ru")


async def test_a_streamed_answer_grows_and_the_message_takes_its_place(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    anna = await world.person("Anna", listen=False)
    await anna.send("tell me")
    window = await open_window(f"/?person={anna.id}")
    await expect(window.message("tell me")).to_have_count(1)
    await played.draft(anna.id, "")
    await expect(window.hook("draft")).to_contain_text("Thinking")
    await played.draft(anna.id, "Once upon a time")
    await expect(window.hook("draft")).to_have_text("Once upon a time")
    await played.draft(anna.id, "Once upon a time there was a bot")
    await expect(window.hook("draft")).to_have_text("Once upon a time there was a bot")
    await expect(window.hook("stop-button")).to_be_hidden()
    await played.say(anna.id, "Once upon a time there was a bot. The end.")
    await expect(window.message("The end.")).to_have_count(1)
    await expect(window.hook("draft")).to_have_count(0)


async def test_stop_reaches_the_bot_and_the_button_goes(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    anna = await world.person("Anna", listen=False)
    await anna.send("tell me")
    window = await open_window(f"/?person={anna.id}")
    await played.draft(anna.id, "A very long", can_stop=True)
    await window.hook("stop-button").click()
    stopped = await played.heard("stopped_message_generation")
    assert stopped["draft_id"] == 7
    await expect(window.hook("stop-button")).to_be_hidden()


async def test_a_reload_shows_the_whole_history_once(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    anna = await world.person("Anna", listen=False)
    window = await open_window(f"/?person={anna.id}")
    await window.hook("start-button").click()
    await played.heard()
    await played.say(anna.id, "first answer")
    await window.write("a question")
    await played.heard()
    await played.say(anna.id, "second answer")
    shown = window.hook("message").locator(".text")
    expected = [re.compile(text) for text in ("/start", "first answer", "a question", "second answer")]
    await expect(shown).to_have_text(expected)
    await window.page.reload()
    await expect(shown).to_have_text(expected)
    ids = await window.hook("message").evaluate_all("all => all.map(node => Number(node.dataset.messageId))")
    assert ids == sorted(set(ids))
    assert len(ids) == 4


async def test_two_windows_show_two_people(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    anna = await world.person("Anna", listen=False)
    boris = await world.person("Boris", listen=False)
    for person in (anna, boris):
        await person.send("hello")
    hers = await open_window(f"/?person={anna.id}")
    his = await open_window(f"/?person={boris.id}")
    await hers.write("from Anna")
    await his.write("from Boris")
    await expect(his.message("from Boris")).to_have_attribute("data-message-id", re.compile(r"\d+"))
    await expect(hers.message("from Anna")).to_have_attribute("data-message-id", re.compile(r"\d+"))
    await expect(hers.message("from Boris")).to_have_count(0)
    await expect(his.message("from Anna")).to_have_count(0)


async def test_the_list_counts_what_another_person_has_not_read(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    anna = await world.person("Anna", listen=False)
    boris = await world.person("Boris", listen=False)
    await boris.send("hello")
    window = await open_window(f"/?person={anna.id}")
    item = window.hook("person-item").filter(has_text="Boris")
    await expect(item).to_be_visible()
    await played.say(boris.id, "one")
    await played.say(boris.id, "two")
    await expect(item.get_by_test_id("unread")).to_have_text("2")
    await expect(item).to_contain_text("two")
    await item.click()
    await expect(window.message("two")).to_be_visible()
    await expect(item.get_by_test_id("unread")).to_have_count(0)
    assert f"person={boris.id}" in window.page.url


async def test_hostile_words_stay_words(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    attack = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    eve = await world.person("<b>Eve</b>", last_name="<img src=x>", listen=False)
    await eve.send(attack)
    bad_link = {"type": "text_link", "offset": 0, "length": 5, "url": "javascript:document.title='owned'"}
    await played.say(eve.id, attack, entities=[{"type": "bold", "offset": 0, "length": 4}])
    await world.result("setMyCommands", commands=[{"command": "x", "description": "<img src=x onerror=1>"}])
    window = await open_window(f"/?person={eve.id}")
    await expect(window.message(attack)).to_have_count(2)
    await played.draft(eve.id, attack)
    await expect(window.hook("draft")).to_have_text(attack)
    await window.hook("menu-button").click()
    await expect(window.hook("command-item")).to_contain_text("<img src=x onerror=1>")
    chat = world.world.chat(BOT_ID, eve.id)
    assert chat is not None
    newest = chat.messages[max(chat.messages)]
    newest.entities = [bad_link]
    await window.page.reload()
    await expect(window.message(attack)).to_have_count(2)
    assert await window.calculate("document.querySelectorAll('#app img, #app script, #app b').length") == 0
    assert await window.calculate("document.querySelectorAll('#app a').length") == 0
    assert "owned" not in await window.page.title()


async def test_a_page_whose_scripts_were_cut_off_loads_itself_again(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    anna = await world.person("Anna", listen=False)
    await anna.send("hello")
    cut_off: list[str] = []

    async def cut_off_twice(route: Route) -> None:
        cut_off.append(route.request.url)
        await (route.abort("internetdisconnected") if len(cut_off) < 3 else route.continue_())

    window = await open_window(f"/?person={anna.id}", routes={"**/js/store.js": cut_off_twice})
    await expect(window.message("hello")).to_have_count(1)
    assert len(cut_off) == 3
    assert await window.calculate("sessionStorage.length") == 0


async def test_messages_of_a_dropped_connection_come_without_loss_or_doubles(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    anna = await world.person("Anna", listen=False)
    await anna.send("before")
    window = await open_window(f"/?person={anna.id}")
    await expect(window.message("before")).to_have_count(1)
    await played.say(anna.id, "heard by the socket")
    await expect(window.message("heard by the socket")).to_have_count(1)
    # A listener that is told to end passes nothing on afterwards: the socket misses the next message.
    for listener in world.sandbox.hub._listeners[anna.id]:
        listener.offer(None)
    await played.say(anna.id, "missed by the socket")
    await expect(window.message("missed by the socket")).to_have_count(1)
    await window.write("after")
    await expect(window.message("after")).to_have_count(1)
    await expect(window.hook("message")).to_have_count(4)


async def test_the_page_waits_for_a_restarted_server_and_goes_on(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox, tmp_path: Path
) -> None:
    port = free_port()
    async with running_sandbox(limits=NO_LIMITS, state_dir=tmp_path, port=port) as first:
        address = first.base_url
        await first.result("getMe")
        anna = await first.person("Anna", listen=False)
        await anna.send("before")
        window = await open_window()
        window.addresses.clear()
        await window.page.goto(f"{address}/?person={anna.id}")
        await expect(window.message("before")).to_have_count(1)
        await window.hook("composer").fill("half a thou")
    await expect(window.hook("connection-notice")).to_contain_text("Reconnecting")
    await expect(window.hook("composer")).not_to_be_editable()
    async with running_sandbox(limits=NO_LIMITS, state_dir=tmp_path, port=port) as second:
        await second.result("sendMessage", chat_id=anna.id, text="back again")
        await expect(window.message("back again")).to_have_count(1)
        await expect(window.hook("connection-notice")).to_be_hidden()
        await expect(window.hook("composer")).to_be_editable()
        await expect(window.hook("composer")).to_have_value("half a thou")
        await expect(window.hook("message")).to_have_count(2)
        await window.page.context.close()
    window.addresses.clear()


@pytest.mark.parametrize("width", [360, 390])
async def test_a_phone_never_scrolls_sideways(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox, width: int
) -> None:
    anna = await world.person("Anna", listen=False)
    await anna.send("w" * 300)
    wide = [[{"text": f"a rather long label {number}", "callback_data": "x"} for number in range(4)]]
    code = (
        f"<pre><code class='language-python'>{'x = 1; ' * 60}</code></pre><blockquote>{'q' * 90}</blockquote>"
    )
    await played.say(anna.id, code, parse_mode="HTML", reply_markup={"inline_keyboard": wide})
    await played.say(anna.id, "https://example.org/" + "path" * 60)
    window = await open_window(viewport={**PHONE, "width": width}, has_touch=True)
    await expect(window.hook("person-item")).to_be_visible()
    await expect(window.hook("composer")).to_be_hidden()
    assert await window.calculate("document.documentElement.scrollWidth") <= width
    await window.hook("person-item").click()
    await expect(window.message("https://example.org/")).to_be_visible()
    await expect(window.hook("person-item")).to_be_hidden()
    for place in ("html", ".messages"):
        await expect(window.page.locator(place)).to_have_js_property("scrollLeft", 0)
        sizes = "node => [node.scrollWidth, node.clientWidth]"
        wanted, given = await window.page.locator(place).evaluate(sizes)
        assert wanted == given, place
    await window.hook("back-button").click()
    await expect(window.hook("person-item")).to_be_visible()


async def test_the_dark_theme_is_the_systems_or_ones_own_and_is_kept(
    open_window: OpenWindow, played: PlayedBot, world: RunningSandbox
) -> None:
    anna = await world.person("Anna", listen=False)
    surface = "getComputedStyle(document.querySelector('.people-pane')).backgroundColor"
    light = await open_window(f"/?person={anna.id}", color_scheme="light")
    dark = await open_window(f"/?person={anna.id}", color_scheme="dark")
    await expect(light.hook("start-button")).to_be_visible()
    await expect(dark.hook("start-button")).to_be_visible()
    white = await light.calculate(surface)
    night = await dark.calculate(surface)
    assert white != night
    toggle = light.hook("theme-toggle")
    await toggle.click()
    await toggle.click()
    await expect(toggle).to_have_attribute("data-theme", "dark")
    assert await light.calculate(surface) == night
    await light.page.reload()
    await expect(toggle).to_have_attribute("data-theme", "dark")
    assert await light.calculate(surface) == night
