"""Personal settings are typed and have defaults."""

from __future__ import annotations

from cvstudio.accounts.api.serializers import NotificationsSerializer, PreferencesSerializer
from cvstudio.accounts.preferences import Notifications, Preferences

URL = "/api/v1/auth/config"


def test_the_defaults_are_complete(alice_api):
    assert alice_api.get(URL).json() == Preferences().model_dump()


def test_a_put_replaces_everything(alice_api, alice):
    assert alice_api.put(URL, {"theme": "dark", "notifications": {"sound": True}}).status_code == 200
    assert alice_api.get(URL).json()["theme"] == "dark"
    answer = alice_api.put(URL, {"language": "zh-hans"}).json()
    assert (answer["language"], answer["theme"], answer["notifications"]["sound"]) == ("zh-hans", "auto", False)
    alice.refresh_from_db()
    assert alice.preference("language") == "zh-hans"


def test_a_wrong_value_names_its_path(alice_api):
    assert alice_api.put(URL, {"page_size": 5}).json()["where"] == "page_size"
    assert alice_api.put(URL, {"notifications": {"sound": "loud"}}).json()["where"] == "notifications.sound"
    assert alice_api.put(URL, {"theme": "pink"}).status_code == 400


def test_stored_values_that_are_no_longer_known_fall_back(alice):
    alice.preferences = {"theme": "pink"}
    assert alice.preference("theme") == "auto"


def test_the_form_and_the_stored_type_agree():
    form = PreferencesSerializer(data={})
    assert form.is_valid()
    assert Preferences(**form.validated_data) == Preferences()
    assert set(form.fields) == set(Preferences.model_fields)
    assert set(NotificationsSerializer().fields) == set(Notifications.model_fields)
