"""Background work: what waits, and what was given up."""

from sqlalchemy import ColumnElement, String, cast, or_
from starlette.requests import Request
from starlette_admin import DateTimeField, EnumField, IntegerField, JSONField, StringField, TextAreaField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.base import ReadOnlyView
from vitte.db.models import Job, JobState


class JobsView(ReadOnlyView):
    """The list of jobs. Their arguments are ids, and on the page of a job only."""

    key = "job"
    menu_label = _("Jobs")
    display_name = _("Job")
    icon = "fa-solid fa-gears"
    fields = (
        IntegerField("id", label="ID"),
        StringField("name", label=_("Name")),
        EnumField(
            "state",
            label=_("State"),
            choices=[
                (JobState.OPEN, _("open")),
                (JobState.DONE, _("done")),
                (JobState.DEAD, _("given up")),
            ],
        ),
        IntegerField("attempts", label=_("Attempts")),
        DateTimeField("created_at", label=_("Ordered")),
        DateTimeField("run_at", label=_("Runs at")),
        DateTimeField("finished_at", label=_("Finished")),
        DateTimeField("leased_until", label=_("Taken until"), exclude_from_list=True),
        StringField("correlation_id", label="correlation_id", exclude_from_list=True),
        JSONField("args", label=_("Arguments"), exclude_from_list=True),
        TextAreaField("error", label=_("Error")),
    )

    def get_search_query(self, request: Request, term: str) -> ColumnElement[bool]:  # noqa: ARG002 - starlette-admin asks like this
        """Search names, errors, correlation ids and ids."""
        return or_(
            Job.name.icontains(term, autoescape=True),
            Job.error.icontains(term, autoescape=True),
            Job.correlation_id == term,
            cast(Job.id, String) == term,
        )
