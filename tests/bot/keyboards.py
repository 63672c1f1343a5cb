"""The buttons that a person sees."""

from vitte.sandbox.client import SandboxPerson
from vitte.sandbox.model import Json
from vitte.sandbox.testing import RunningSandbox


def buttons(message: Json) -> dict[str, str]:
    """Return the texts of a message's buttons by their data, in their order."""
    rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
    return {button["callback_data"]: button["text"] for row in rows for button in row}


def data_of(message: Json, text: str) -> str:
    """Return the data of the one button that has this in its text."""
    (data,) = (data for data, shown in buttons(message).items() if text in shown)
    return data


async def press(person: SandboxPerson, message: Json, text: str) -> Json:
    """Press the button that has this in its text, and return what its answer says."""
    return await person.wait_for_answer(await person.press(message, data_of(message, text)))


async def menu_of_old(sandbox: RunningSandbox, person: SandboxPerson, *data: str) -> Json:
    """Send a message with buttons that have this data, as an earlier version could have done."""
    keyboard = [[{"text": one, "callback_data": one}] for one in data]
    markup = {"inline_keyboard": keyboard}
    sent = await sandbox.result("sendMessage", chat_id=person.id, text="An old menu", reply_markup=markup)
    message: Json = sent
    return message
