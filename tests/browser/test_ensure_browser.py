"""The order in which a browser for the tests is looked for and fetched; nothing is fetched here."""

import pytest

from tests.browser import ensure_browser


@pytest.fixture
def machine(monkeypatch):
    """A machine without a browser. `works_after`: the command (its start) after which there is one."""

    class Machine:
        works_after = ""
        is_debian_root = True

        def __init__(self):
            self.commands = []

    state = Machine()

    def run(*command):
        state.commands.append(" ".join(command).partition("-m ")[2] or " ".join(command))

    def there_is_a_browser():
        return bool(state.works_after) and any(command.startswith(state.works_after) for command in state.commands)

    monkeypatch.setattr(ensure_browser, "_run", run)
    monkeypatch.setattr(ensure_browser, "there_is_a_browser", there_is_a_browser)
    monkeypatch.setattr(ensure_browser, "_debian_root", lambda: state.is_debian_root)
    return state


def test_an_installed_browser_is_enough(machine, monkeypatch):
    monkeypatch.setattr(ensure_browser, "there_is_a_browser", lambda: True)
    assert ensure_browser.ensure()
    assert machine.commands == []


def test_playwrights_own_comes_next(machine):
    machine.works_after = "playwright install"
    assert ensure_browser.ensure()
    assert machine.commands == ["playwright install --with-deps chromium"]


def test_then_debians_package(machine):
    machine.works_after = "apt-get install"
    assert ensure_browser.ensure()
    assert [command.split()[0] for command in machine.commands] == ["playwright", "apt-get", "apt-get"]


def test_elsewhere_nothing_is_installed_into_the_system(machine):
    machine.is_debian_root = False
    assert not ensure_browser.ensure()
    assert machine.commands == ["playwright install chromium"]
