"""The rules by which a cache stays right."""

import re
from pathlib import Path

from starlette_admin.contrib.sqla import ModelView

from vitte.admin.views.base import ReadOnlyView
from vitte.admin.views.catalogue import CatalogueView
from vitte.admin.views.models import ModelsView
from vitte.admin.views.people import PeopleView
from vitte.admin.views.personas import PersonasView
from vitte.admin.views.subscriptions import SubscriptionsView

SOURCE = Path(__file__).parents[2] / "src" / "vitte"


def test_nothing_is_invalidated_before_its_commit() -> None:
    found = 0
    for path in SOURCE.rglob("*.py"):
        # What db invalidates are connections.
        if path.is_relative_to(SOURCE / "clients" / "cache") or path.is_relative_to(SOURCE / "db"):
            continue
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"\.invalidate\b", line):
                found += 1
                assert re.search(r"\.on_commit\(partial\(self\._cache\.invalidate,", line), f"{path}: {line}"
    assert found >= 2


def test_the_panel_changes_nothing_that_is_remembered_of_people() -> None:
    # Whoever lets it must let its changes invalidate the person's profile after the commit.
    panel = Path(SOURCE / "admin" / "app.py").read_text("utf-8")
    of_people = re.findall(r"(\w+)\((?:User|UserSettings|Subscription)\)", panel)
    assert sorted(of_people) == ["PeopleView", "SubscriptionsView"]
    for view in (PeopleView, SubscriptionsView):
        assert issubclass(view, ReadOnlyView)
        for name in ("can_create", "can_edit", "can_delete", "can_import"):
            assert getattr(view, name) is getattr(ReadOnlyView, name)
            assert getattr(view, name) is not getattr(ModelView, name)


def test_the_panel_changes_the_catalogue_in_no_other_way_than_by_its_editor() -> None:
    panel = Path(SOURCE / "admin" / "app.py").read_text("utf-8")
    of_the_catalogue = re.findall(r"(\w+)\((?:Persona|LanguageModel)\b", panel)
    assert sorted(of_the_catalogue) == ["ModelsView", "PersonasView"]
    for view in (ModelsView, PersonasView):
        for name in ("create", "edit", "delete"):
            assert getattr(view, name) is getattr(CatalogueView, name)
            assert getattr(view, name) is not getattr(ModelView, name)
