"""The public surface: few names, sorted, all there, all explained."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
from pathlib import Path

import pytest

import memorybank

CODE = Path(memorybank.__file__).parent
MOST = 15


def public(name: str) -> bool:
    return not name.startswith("_")


def typed_names() -> set[str]:
    """The names that a type checker is told of."""
    door = ast.parse((CODE / "__init__.py").read_text("utf-8"))
    return {
        alias.asname or alias.name
        for node in ast.walk(door)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("memorybank.")
        for alias in node.names
    }


def test_the_names_are_few_sorted_and_once_each():
    names = memorybank.__all__
    assert list(names) == sorted(names)
    assert len(set(names)) == len(names) <= MOST


def test_the_names_are_what_can_be_had():
    for name in memorybank.__all__:
        assert getattr(memorybank, name) is not None
    assert dir(memorybank) == list(memorybank.__all__)
    assert typed_names() | {"__version__"} == set(memorybank.__all__)
    given: dict[str, object] = {}
    exec("from memorybank import *", given)
    assert set(memorybank.__all__) <= set(given)


@pytest.mark.parametrize("name", ["Nothing", "verbs_", "_Desk", "open"])
def test_other_names_are_refused_by_name(name):
    with pytest.raises(AttributeError, match=name):
        getattr(memorybank, name)


@pytest.mark.parametrize("name", [n for n in memorybank.__all__ if public(n)])
def test_every_public_name_explains_itself_and_its_methods(name):
    thing = getattr(memorybank, name)
    assert inspect.isclass(thing) and thing.__doc__ and len(thing.__doc__.strip()) > 20
    for method, value in vars(thing).items():
        if public(method) and (
            inspect.isfunction(value) or isinstance(value, (classmethod, property))
        ):
            assert inspect.getdoc(
                getattr(thing, method) if not isinstance(value, property) else value
            )


def test_the_version_is_that_of_the_distribution():
    assert memorybank.__version__ == importlib.metadata.version("siliconfriend")


def overload(node: ast.AST) -> bool:
    return any(
        isinstance(d, ast.Name) and d.id == "overload" for d in getattr(node, "decorator_list", ())
    )


def undocumented(node: ast.Module | ast.ClassDef, where: str) -> list[str]:
    """The public functions, classes and methods below a node that have no docstring."""
    found = []
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            here = f"{where}.{child.name}"
            if public(child.name) and not overload(child):
                if not ast.get_docstring(child):
                    found.append(here)
                if isinstance(child, ast.ClassDef):
                    found += undocumented(child, here)
    return found


@pytest.mark.parametrize("path", sorted(CODE.rglob("*.py")), ids=lambda p: str(p.relative_to(CODE)))
def test_everything_public_has_a_docstring(path):
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "a file says what it is"
    assert undocumented(tree, path.stem) == []


def test_a_missing_docstring_would_be_seen():
    bad = ast.parse(
        "def f(): ...\nclass C:\n    'doc'\n    def m(self): ...\n    def _n(self): ...\n"
    )
    assert undocumented(bad, "bad") == ["bad.f", "bad.C.m"]
