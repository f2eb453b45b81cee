"""Runs code with the packages of one requirements file only, as in an image made from it.

python run_with_pins.py <requirements.txt> <checkout to hide> import <module>…
python run_with_pins.py <requirements.txt> <checkout to hide> run <module> <argument>…
"""

import importlib
import re
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class OnlyPinned(MetaPathFinder):
    """Refuses the packages that are installed here but not pinned there."""

    def __init__(self, pins: set[str]) -> None:
        self._foreign = {
            package
            for package, distributions in packages_distributions().items()
            if not {_normal(name) for name in distributions} & pins
        }

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise ``ModuleNotFoundError`` for a package that the image would not have."""
        if fullname.partition(".")[0] in self._foreign:
            raise ModuleNotFoundError(f"{fullname} is not among the pins", name=fullname)
        return None


def main(requirements: str, hidden: str, action: str, *names: str) -> None:
    """Hide what the image doesn't have, then do what is asked."""
    pins = set(re.findall(r"^([A-Za-z0-9._-]+)==", Path(requirements).read_text("utf-8"), re.M))
    sys.path[:] = [str(Path.cwd()), *(entry for entry in sys.path if entry != hidden)]
    # The project's own packages come from the folder; their distribution is the editable checkout.
    finder = OnlyPinned({_normal(name) for name in pins} | {"southlink"})
    sys.meta_path.insert(0, finder)
    if action == "import":
        for name in names:
            importlib.import_module(name)
    else:
        sys.argv = list(names)
        runpy.run_module(names[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
