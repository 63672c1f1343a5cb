"""Work on dialogs that nobody waits for."""

from dishka import FromDishka

from vitte.core.job_names import SUMMARISE_DIALOG, TITLE_DIALOG
from vitte.dialogs.summaries import SummaryService
from vitte.dialogs.titles import TitleService
from vitte.worker.jobs import job


@job(TITLE_DIALOG, waits=True)
async def title_dialog(dialog_id: int, titles: FromDishka[TitleService]) -> None:
    """Name a dialog by what it is about."""
    await titles.give_title(dialog_id)


@job(SUMMARISE_DIALOG, waits=True)
async def summarise_dialog(
    dialog_id: int, user_id: int, keep_tokens: int, summaries: FromDishka[SummaryService]
) -> None:
    """Put the beginning of a long dialog into a few words."""
    await summaries.summarise(dialog_id, user_id=user_id, keep_tokens=keep_tokens)
