"""The documentation tells of every key, command and route."""

from pathlib import Path

import pytest

from layers import model
from scripts.cli import COMMANDS

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODELS = [model.Service, model.Contact, model.Limits, model.Engine, model.Layer, model.Tiles, *model.SOURCES.values()]


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_every_key_of_the_configuration_is_documented(kind):
    missing = [
        name for name in kind.model_fields if f"`{name}" not in CONFIGURATION and f"{name}:" not in CONFIGURATION
    ]
    assert missing == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command):
    assert f"garrigue {command}" in README


def test_every_link_of_the_documents_leads_somewhere():
    import re

    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
